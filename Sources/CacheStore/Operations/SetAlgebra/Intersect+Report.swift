extension Intersect {
    /// A report on the archive that an intersection wrote.
    public struct Report: Hashable, Sendable {
        /// The digest of the archive.
        public var digest: ObjectID

        /// The archive in figures.
        public var totals: ArchiveTotals

        /// The number of input archives.
        public var inputs: Int

        /// The length of all inputs, in bytes.
        public var inputBytes: Int

        /// The members of the result on which inputs disagree, ordered by kind and name.
        ///
        /// The value that was kept is the one that a union would drop. The key of an action entry is its ID
        /// and its output, so entries never disagree.
        public var disagreements: [Disagreement]

        /// Warnings about damaged inputs of which other inputs had sound copies, and about entries that will
        /// miss because the sources differ.
        public var warnings: [Warning]
    }
}
