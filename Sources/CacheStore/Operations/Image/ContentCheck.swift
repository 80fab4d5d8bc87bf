/// A check of the tar stream of a layer.
///
/// A member that several chunks store must, as a whole, have the content that its name promises.
enum ContentCheck: Sendable {
    /// Bytes of the file that is being checked, as a range of a block.
    case content(Range<Int>)
    /// The end of a file of a module tree.
    case file(String, of: ModuleKey)
    /// The end of a module tree, which must have this hash.
    case tree(ModuleKey, h1: ObjectID)
    /// The end of a member that is one file, which must have this SHA-256.
    case whole(ObjectID, member: String)
}
