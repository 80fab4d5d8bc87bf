import ArgumentParser
import FoundationEssentials

/// A time on the command line: whole seconds since 1970, or a time as in RFC 3339, `2026-11-22T10:00:00Z`.
enum PointInTime {
    /// Reads a time.
    ///
    /// - Parameter text: The argument on the command line.
    /// - Returns: The time in seconds since 1970, rounded down.
    /// - Throws: `ValidationError` if the text is not a time.
    @Sendable
    static func seconds(_ text: String) throws -> Int {
        if let seconds = Int(text), seconds >= 0 { return seconds }
        if let date = try? Date(text, strategy: .iso8601) {
            return Int(date.timeIntervalSince1970.rounded(.down))
        }
        throw ValidationError("it must be seconds since 1970, or a time such as `2026-11-22T10:00:00Z`")
    }
}
