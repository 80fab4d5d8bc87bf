import ArgumentParser

/// A length of time on the command line, such as `2s`, `500ms` or `1.5m`.
enum TimeSpan {
    /// The length of each unit in milliseconds.
    private static let units: [Substring: Double] = ["ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000]

    /// Reads a length of time.
    ///
    /// - Parameter text: The argument on the command line: a number of at most 9 digits before and after the
    ///   point, and a unit.
    /// - Returns: The time, at least a millisecond.
    /// - Throws: `ValidationError` if the text is not such a time.
    @Sendable
    static func read(_ text: String) throws -> Duration {
        guard let parts = text.wholeMatch(of: /([0-9]{1,9}(?:\.[0-9]{1,9})?)(ms|s|m|h)/),
            let number = Double(parts.1), let unit = units[parts.2], number * unit >= 1
        else {
            throw ValidationError(
                "it must be at least 1 millisecond with a unit, such as `2s`, `500ms` or `1.5m`"
            )
        }
        return .milliseconds(number * unit)
    }
}
