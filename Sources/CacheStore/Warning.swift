/// Something that an operation did not stop for, but that its user should know.
public struct Warning: Hashable, Sendable {
    /// The kind of warning; stable across releases.
    public enum Code: String, Hashable, Sendable {
        /// Sources were built with different Go versions or targets.
        case goVersion
        /// Sources were built under different GOMODCACHE paths, or the target has another.
        case moduleCachePath
        /// Other settings that are in the keys of all entries differ.
        case goSettings
        /// Entries that cgo made hit, although they were made with another distribution's headers.
        case distribution
        /// A zip could not be made from a tree.
        case moduleZip
    }

    /// The kind.
    public var code: Code

    /// What is the case, what will miss, and what to do.
    public var message: String

    /// Creates a warning.
    public init(code: Code, message: String) {
        self.code = code
        self.message = message
    }
}
