/// What a union wrote.
public struct UnionReport: Hashable, Sendable {
    /// A key that inputs hold with different values.
    public struct Conflict: Hashable, Sendable {
        /// The kind of the member.
        public var kind: Member.Kind
        /// Its key.
        public var name: String
        /// The value that was kept, in words or hexadecimal.
        public var kept: String
        /// The values that were not, ordered.
        ///
        /// Those of an action entry stay in the archive, and a restore passes them over.
        public var dropped: [String]
    }

    /// The digest of the archive.
    public var digest: ObjectID

    /// The archive in figures.
    public var totals: ArchiveTotals

    /// The number of archives that went in.
    public var inputs: Int

    /// The length of all inputs, in bytes.
    public var inputBytes: Int

    /// The members on which inputs disagree, ordered by kind and name.
    public var conflicts: [Conflict]

    /// What will miss because the sources differ.
    public var warnings: [Warning]
}
