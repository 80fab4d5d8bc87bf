import ArgumentParser

/// A share on the command line, such as `5%` or `0.5%`.
enum Percentage {
    /// Reads a share.
    ///
    /// - Parameter text: The argument on the command line: a number of at most 9 digits before and after the
    ///   point, above 0 and at most 100, and `%`.
    /// - Returns: The share, above 0 and at most 1.
    /// - Throws: `ValidationError` if the text is not such a share.
    @Sendable
    static func read(_ text: String) throws -> Double {
        guard text.wholeMatch(of: /[0-9]{1,9}(\.[0-9]{1,9})?%/) != nil,
            let percent = Double(text.dropLast()), percent > 0, percent <= 100
        else { throw ValidationError("it must be above 0 % and at most 100 %, such as `5%` or `0.5%`") }
        return percent / 100
    }

    /// Returns the words for a share, rounded down so that only a whole is called 100 %.
    static func text(_ share: Double) -> String {
        let tenths = Int((share * 1000).rounded(.down))
        guard tenths > 0 || share == 0 else { return "less than 0.1 %" }
        return tenths % 10 == 0 ? "\(tenths / 10) %" : "\(tenths / 10).\(tenths % 10) %"
    }
}
