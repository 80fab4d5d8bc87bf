/// Who owns the files of a layer.
public struct FileOwner: Hashable, Sendable {
    /// The number of the user.
    public var user = 0

    /// The number of the group.
    public var group = 0

    /// Names an owner; root unless told otherwise.
    public init(user: Int = 0, group: Int = 0) { (self.user, self.group) = (user, group) }
}
