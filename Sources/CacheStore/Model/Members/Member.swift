/// A member of an archive, as a listing shows it.
public struct Member: Hashable, Sendable {
    /// The kind of a member.
    ///
    /// The type is a struct rather than an enum, so that a later release can add a kind without breaking a
    /// caller's `switch`.
    public struct Kind: RawRepresentable, Hashable, Sendable {
        /// The kind's name, for example `output`.
        public let rawValue: String

        private init(_ name: String) { rawValue = name }

        /// Creates a kind, or returns `nil` for a name that this version does not know.
        public init?(rawValue: String) {
            guard let known = Self.all.first(where: { $0.rawValue == rawValue }) else { return nil }
            self = known
        }

        /// An entry `…-a` of GOCACHE: an action ID and the output that the action gave.
        ///
        /// Where sources disagree, an action ID has several entries, and a restore writes the first.
        public static let action = Kind("action")
        /// A file or directory `…-d` of GOCACHE.
        public static let output = Kind("output")
        /// An extracted module in GOMODCACHE.
        public static let tree = Kind("tree")
        /// `cache/download/…/@v/VERSION.info`.
        public static let info = Kind("info")
        /// `cache/download/…/@v/VERSION.mod`.
        public static let mod = Kind("mod")
        /// `cache/download/…/@v/VERSION.zip`.
        public static let zip = Kind("zip")
        /// `cache/download/…/@v/VERSION.ziphash`.
        public static let ziphash = Kind("ziphash")
        /// A file below `cache/download/sumdb`.
        public static let checksum = Kind("checksum")

        /// The kinds that this version knows, in the order in which listings show them.
        public static let all: [Kind] = [.action, .output, .tree, .info, .mod, .zip, .ziphash, .checksum]
    }

    /// The kind of the member.
    public var kind: Kind

    /// The key of the member: an action ID, an output ID, `path@version` escaped as in GOMODCACHE, or a path.
    public var name: String

    /// The length of the content as a restore writes it, in bytes; 0 for a zip that is made from its tree.
    public var contentBytes: Int

    /// The length of the frames or index values that hold the content, in bytes, whether or not other members
    /// share them.
    public var storedBytes: Int

    /// The number of files that a restore makes of the member.
    public var files: Int

    /// The value that the member refers to, or an empty string.
    ///
    /// The value is an action's output ID, an executable output's file name, or a tree's `h1:` hash.
    public var detail: String

    /// The class of an action entry or an output; `nil` for other kinds.
    public var entryClass: EntryClass?

    /// The labels of the sources that hold the member, in order.
    public var sources: [String]
}
