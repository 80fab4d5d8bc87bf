/// A member of an archive, as a listing shows it.
public struct Member: Hashable, Sendable {
    /// The kinds of member.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// An entry `…-a` of GOCACHE: an action ID and the output it gave. Where sources disagree, an ID has
        /// several, of which a restore writes the first.
        case action
        /// A file or directory `…-d` of GOCACHE.
        case output
        /// An extracted module in GOMODCACHE.
        case tree
        /// `cache/download/…/@v/VERSION.info`.
        case info
        /// `cache/download/…/@v/VERSION.mod`.
        case mod
        /// `cache/download/…/@v/VERSION.zip`.
        case zip
        /// `cache/download/…/@v/VERSION.ziphash`.
        case ziphash
        /// A file below `cache/download/sumdb`.
        case checksum
    }

    /// Its kind.
    public var kind: Kind

    /// Its key: an action ID, an output ID, `path@version` escaped as in GOMODCACHE, or a path.
    public var name: String

    /// Its content as a restore writes it, in bytes; 0 for a zip that is made from its tree.
    public var size: Int

    /// What its content takes in the archive, in bytes, shared with others or not.
    public var storedSize: Int

    /// The number of files in it.
    public var files: Int

    /// What it refers to: an action's output ID, an executable output's file name, a tree's `h1:` hash;
    /// otherwise empty.
    public var detail: String

    /// What it is for, of an action entry or an output.
    public var entryClass: EntryClass?

    /// The labels of the sources that hold it, in order.
    public var sources: [String]
}

/// A file of a module tree, as a listing shows it.
public struct TreeFile: Hashable, Sendable {
    /// Its path in the tree, with `/` between the elements.
    public var path: String

    /// Its length in bytes.
    public var size: Int

    /// Whether it may be executed.
    public var isExecutable: Bool
}
