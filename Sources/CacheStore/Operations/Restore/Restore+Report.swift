extension Restore {
    /// What a restore did.
    public struct Report: Hashable, Sendable {
        /// Members of one sort and their files.
        public struct Tally: Hashable, Sendable {
            /// The files that were not there and now are.
            public var created = 0
            /// The files that were wrong or partial and now are right.
            public var replaced = 0
            /// The files that were right already.
            public var untouched = 0

            /// The sum of two tallies.
            public static func + (lhs: Self, rhs: Self) -> Self {
                Self(
                    created: lhs.created + rhs.created,
                    replaced: lhs.replaced + rhs.replaced,
                    untouched: lhs.untouched + rhs.untouched
                )
            }

            /// Counts a file.
            mutating func count(_ outcome: PutOutcome) {
                switch outcome {
                case .created: created += 1
                case .replaced: replaced += 1
                case .untouched: untouched += 1
                }
            }
        }

        /// The digest of the archive.
        public var digest: ObjectID

        /// Files `…-d` of GOCACHE.
        public var outputs = Tally()

        /// Files `…-a` of GOCACHE.
        public var actions = Tally()

        /// Files of module trees.
        public var treeFiles = Tally()

        /// Files below GOMODCACHE's `cache/download`, version lists too.
        public var downloads = Tally()

        /// The bytes of content written.
        public var bytesWritten = 0

        /// Files and directories found in module trees that do not belong there, and removed.
        public var removed = 0

        /// What will miss because the target differs from what was packed.
        public var warnings: [Warning] = []
    }
}
