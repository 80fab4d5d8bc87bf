extension Union {
    /// A report on the archive that a union wrote.
    public struct Report: Hashable, Sendable {
        /// The digest of the archive.
        public var digest: ObjectID

        /// The archive in figures.
        public var totals: ArchiveTotals

        /// The number of input archives.
        public var inputs: Int

        /// The length of all inputs, in bytes.
        public var inputBytes: Int

        /// The members on which inputs disagree, ordered by kind and name.
        public var disagreements: [Disagreement]

        /// The action IDs for which inputs hold several outputs, ordered by ID.
        ///
        /// With ``DisputePolicy/keep``, these are the IDs on which inputs disagree, which
        /// ``disagreements`` has too. With ``DisputePolicy/drop``, these are all IDs with several outputs,
        /// and none of them is in the archive.
        public var disputes: [ActionDispute]

        /// Warnings about damaged inputs of which other inputs had sound copies, and about entries that will
        /// miss because the sources differ.
        public var warnings: [Warning]
    }
}
