/// A check of the tar stream of a layer, to be made when all earlier checks have been made.
///
/// A member that several chunks store must, as a whole, have the content that its name promises. Workers hash
/// what begins in their own part. Only what began in an earlier part is hashed while the parts arrive.
enum ContentCheck: Sendable {
    /// The end of a part that does not hold the end of its last file: the hash of the file so far.
    case begun(ContentHasher)
    /// Bytes of the file that began in an earlier part, as a range of a block.
    case content(Range<Int>)
    /// The end of a file of a module tree, and its SHA-256; `nil` for a file that began in an earlier part.
    case file(String, ObjectID?, of: ModuleKey)
    /// The end of a module tree, which must have this hash.
    case tree(ModuleKey, h1: ObjectID)
    /// The end of a member that is one file, which must have this SHA-256.
    case whole(ObjectID, member: String)
}
