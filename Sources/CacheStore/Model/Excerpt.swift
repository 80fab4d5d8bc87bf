extension String {
    /// The number of Unicode scalars that an excerpt keeps.
    private static let excerptLength = 200

    /// The beginning of text from outside, for a message: 200 characters at most, without control
    /// characters, and with `…` where more follows.
    ///
    /// Documents of images, environments and servers come from others, who could fill a terminal or a log.
    ///
    /// - Complexity: O(*n*) in the length of the text.
    package var excerpt: String {
        var result = UnicodeScalarView()
        var left = Self.excerptLength
        for scalar in unicodeScalars {
            guard scalar.value >= 0x20, !(0x7F...0x9F).contains(scalar.value) else { continue }
            guard left > 0 else {
                result.append("…")
                break
            }
            result.append(scalar)
            left -= 1
        }
        return String(result)
    }
}
