extension Select {
    /// A report on the archive that a selection wrote.
    public struct Report: Hashable, Sendable {
        /// The digest of the archive.
        public var digest: ObjectID

        /// The archive in figures.
        public var totals: ArchiveTotals

        /// The members that were left out.
        public var removed: Removal

        /// The number of input archives.
        public var inputs: Int

        /// The length of all inputs, in bytes.
        public var inputBytes: Int

        /// The members on which inputs disagree, ordered by kind and name, whether they were kept or not.
        public var disagreements: [Disagreement]

        /// Warnings about damaged inputs of which other inputs had sound copies, and about entries that will
        /// miss because the sources differ.
        public var warnings: [Warning]
    }

    /// The members of a union that a selection leaves out, in figures.
    public struct Removal: Hashable, Sendable {
        /// The members that go, by kind.
        public var byKind: [Member.Kind: ArchiveTotals.Tally] = [:]

        /// For each source that stays or goes, by its label, the number of its action entries that go.
        ///
        /// A build of that source misses each of these entries that it asks for.
        public var entriesBySource: [String: Int] = [:]

        /// The sum of ``byKind``.
        ///
        /// The stored bytes are those that become free: chunks that members of the result use are not
        /// counted.
        public var all: ArchiveTotals.Tally {
            byKind.values.reduce(into: ArchiveTotals.Tally()) { $0 += $1 }
        }
    }
}
