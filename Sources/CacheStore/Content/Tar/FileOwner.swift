/// The owner of the files of a layer.
public struct FileOwner: Hashable, Sendable {
    /// The number of the user.
    public var user = 0

    /// The number of the group.
    public var group = 0

    /// Creates an owner, by default root.
    public init(user: Int = 0, group: Int = 0) { (self.user, self.group) = (user, group) }
}
