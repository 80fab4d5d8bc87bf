/// What the tar stream of a layer has to hold: a member that several chunks store must be what its name says as a whole.
enum ContentCheck: Sendable {
    /// The bytes at some place of a block belong to the file that is being checked.
    case content(Range<Int>)
    /// A file of a module tree has ended.
    case file(String, of: ModuleKey)
    /// A module tree has ended, whose hash is this.
    case tree(ModuleKey, h1: ObjectID)
    /// A member has ended that is one file, whose SHA-256 is this.
    case whole(ObjectID, member: String)
}
