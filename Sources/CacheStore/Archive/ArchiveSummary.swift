/// An archive in figures, as its index states them.
public struct ArchiveSummary: Sendable {
    /// The packs that went in, ordered by label.
    public let sources: [Source]

    /// The digest of the archive; that it is the members' digest, a ``Verify`` checks.
    public let digest: ObjectID

    /// The figures.
    public let totals: ArchiveTotals
}
