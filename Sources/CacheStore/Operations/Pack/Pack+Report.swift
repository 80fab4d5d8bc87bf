extension Pack {
    /// A report on the members that a pack wrote and the entries that it left out.
    public struct Report: Hashable, Sendable {
        /// The digest of the archive: with ``Pack/Options/bases``, of the members that they lack.
        public var digest: ObjectID

        /// The Go environment that was recorded.
        public var environment: GoEnvironment

        /// The archive in figures.
        public var totals: ArchiveTotals

        /// The entries found in the caches that are no members, each with the reason; ordered by path.
        public var leftOut: [LeftOut]

        /// The sound entries of GOCACHE that ``Pack/Options/dropped`` left out, by class: files and their bytes.
        public var dropped: [EntryClass: ArchiveTotals.Tally]

        /// The number of entries of GOCACHE that ``Pack/Options/usedSince`` left out.
        public var unused: Int

        /// Circumstances that are no errors, but may be mistakes: no environment, an empty cache, or a base that
        /// holds another pack with this label.
        public var warnings: [Warning]
    }
}
