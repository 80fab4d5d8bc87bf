/// An archive in figures, as its index states them.
public struct ArchiveSummary: Sendable {
    /// The packs that went into the archive, ordered by label.
    public let sources: [Source]

    /// The digest of the archive.
    ///
    /// A ``Verify`` checks that this is the digest of the members.
    public let digest: ObjectID

    /// The figures.
    public let totals: ArchiveTotals
}
