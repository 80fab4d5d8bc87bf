import ArgumentParser
import CacheStore

/// A pattern for names on the command line.
enum NamePattern {
    /// Reads a pattern.
    ///
    /// - Parameter pattern: The argument on the command line.
    /// - Returns: The pattern.
    /// - Throws: `ValidationError` if the text is empty or not a pattern.
    @Sendable
    static func read(_ pattern: String) throws -> Glob {
        guard !pattern.isEmpty else { throw ValidationError("a pattern is empty, and matches nothing") }
        guard let glob = Glob(pattern) else {
            throw ValidationError("a `[` is not closed, a range is backwards, or the last character is `\\`")
        }
        return glob
    }
}
