extension String {
    /// Returns the text with another text in each place of a Unicode scalar.
    ///
    /// Other programs see a mark even where an accent follows it. Swift takes both for one character, which
    /// is not equal to the mark.
    func replacing(scalar: Unicode.Scalar, with text: String) -> String {
        var result = UnicodeScalarView()
        for element in unicodeScalars {
            if element == scalar {
                result.append(contentsOf: text.unicodeScalars)
            } else {
                result.append(element)
            }
        }
        return Self(result)
    }

    /// Returns the parts between the places of a Unicode scalar, even of one that an accent follows.
    func split(atScalar scalar: Unicode.Scalar) -> [String] {
        unicodeScalars.split(separator: scalar, omittingEmptySubsequences: false).map { Self($0) }
    }
}
