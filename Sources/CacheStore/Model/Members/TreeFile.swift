/// A file of a module tree, as a listing shows it.
public struct TreeFile: Hashable, Sendable {
    /// The path in the tree, with `/` between the elements.
    public var path: String

    /// The length of the content, in bytes.
    public var contentBytes: Int

    /// Whether the file may be executed.
    public var isExecutable: Bool
}
