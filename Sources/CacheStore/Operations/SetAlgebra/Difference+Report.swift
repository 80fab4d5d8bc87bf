extension Difference {
    /// A report on the archive that a difference wrote.
    public struct Report: Hashable, Sendable {
        /// The digest of the archive.
        public var digest: ObjectID

        /// The archive in figures.
        public var totals: ArchiveTotals

        /// The figures of the archive from which the others were subtracted.
        public var whole: ArchiveTotals

        /// The number of archives that were read.
        public var inputs: Int

        /// Warnings about damage of the first archive where one of the others had a sound copy.
        public var warnings: [Warning]
    }
}
