public import SystemPackage

extension Repair {
    /// A report on the archive that a repair wrote.
    public struct Report: Hashable, Sendable {
        /// A frame that took the place of a damaged one.
        public struct Replacement: Hashable, Sendable {
            /// The chunk: the SHA-256 of its content.
            public var chunk: ObjectID

            /// The file that had the chunk.
            public var source: FilePath

            /// The offset of the frame in that file, in bytes.
            public var offset: Int

            /// Whether the frame was stored there with the bytes that the damaged frame had.
            public var hasSameBytes: Bool
        }

        /// The digest of the new archive.
        public var digest: ObjectID

        /// The digest that the damaged archive states, if its own index or an equal one was found.
        public var statedDigest: ObjectID?

        /// The new archive in figures.
        public var totals: ArchiveTotals

        /// The frames that were taken from other files, because the damaged archive does not have them sound,
        /// in the order of the new archive.
        public var replaced: [Replacement]

        /// The members that no file has whole, in the order of the archive.
        public var leftOut: [DamagedMember]

        /// The number of chunks that no member uses and no file has sound.
        public var lostChunks: Int

        /// The archive whose index was used, because that of the damaged archive is lost.
        ///
        /// If that index is the lost one, by its SHA-256, or if all frames that are left lie where that index
        /// has them, the new archive has all members of that index. Otherwise, it has those members whose
        /// content is in the damaged archive, with the action entries and downloads that belong to them.
        public var foreignIndex: FilePath?

        /// The number of chunks that are left of the damaged archive and that ``foreignIndex`` does not name.
        ///
        /// Frames that the content of a damaged frame holds don't count, where that can be told.
        public var unnamedChunks: Int

        /// The number of bytes behind the end of the damaged archive, which were left out.
        ///
        /// They can be another archive that was appended.
        public var surplusBytes: Int

        /// Whether the new archive has all members of the damaged one.
        ///
        /// If so, it has the digest too. This is false if the index is lost and nothing proves which members
        /// there were. It is false, too, if only the digest of its members proves the index: that digest
        /// does not cover what the index records of the jobs.
        public var isComplete: Bool

        /// Whether the new archive has the bytes of the damaged one from before the damage.
        ///
        /// It has them if it is complete, its index has the SHA-256 that the damaged archive states, and each
        /// frame that was replaced was stored with the same bytes elsewhere.
        public var isIdentical: Bool

        /// Warnings about other files that are of no use, about the index, and about members that were left
        /// out.
        public var warnings: [Warning]
    }
}
