/// A text that no log, error or debugger shows: a password, a token, or a header with one of them.
public struct Secret: Hashable, Sendable {
    /// The text itself, for the request that needs it and for nothing else.
    package let value: String

    /// Creates a secret.
    public init(_ value: String) { self.value = value }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The word `<secret>`.
    public var description: String { "<secret>" }

    /// The word `<secret>`.
    public var debugDescription: String { "<secret>" }

    /// A mirror without children.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
