/// What an intersection wrote.
public struct IntersectionReport: Hashable, Sendable {
    /// The digest of the archive.
    public var digest: ObjectID

    /// The archive in figures.
    public var totals: ArchiveTotals

    /// The number of archives that went in.
    public var inputs: Int

    /// The length of all inputs, in bytes.
    public var inputBytes: Int

    /// The keys of the result on which inputs disagree, ordered by kind and name: what was kept is what a union
    /// would drop.
    ///
    /// An action entry is its ID and its output, so there is none among them.
    public var conflicts: [UnionReport.Conflict]

    /// What will miss because the sources differ.
    public var warnings: [Warning]
}
