extension Restore {
    /// A report on the files that a restore wrote, left untouched and removed.
    public struct Report: Hashable, Sendable {
        /// The numbers of files of one sort.
        public struct Tally: Hashable, Sendable {
            /// The number of files that were missing before.
            public var created = 0
            /// The number of files that were wrong or partial before.
            public var replaced = 0
            /// The number of files that were right before.
            public var untouched = 0

            /// Returns the sum of two tallies.
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

        /// The members of caches that a restore does not hold.
        public struct Excess: Hashable, Sendable {
            /// The number of files `…-a` of GOCACHE.
            public var actions = 0
            /// The number of files and directories `…-d` of GOCACHE.
            public var outputs = 0
            /// The modules whose trees go, each as `path@version`, in order.
            public var modules: [String] = []
            /// The import paths of the compiled packages among the outputs, each once, in order; a package
            /// that does not state its name is not among them.
            ///
            /// Only a preview looks for them.
            public var packages: [String] = []
            /// The number of files below GOMODCACHE's `cache/download`.
            public var downloads = 0
            /// The length of all their files, in bytes.
            public var bytes = 0

            /// Whether there are none.
            public var isEmpty: Bool { self == Excess() }

            /// The number of module trees.
            public var trees: Int { modules.count }

            /// Returns the sum of two numbers of each kind.
            static func + (lhs: Self, rhs: Self) -> Self {
                Self(
                    actions: lhs.actions + rhs.actions,
                    outputs: lhs.outputs + rhs.outputs,
                    modules: lhs.modules + rhs.modules,
                    packages: lhs.packages + rhs.packages,
                    downloads: lhs.downloads + rhs.downloads,
                    bytes: lhs.bytes + rhs.bytes
                )
            }
        }

        /// The digest of the members that were restored: that of an archive with just these members.
        ///
        /// If all members were restored, it is ``archiveDigest``.
        public var digest: ObjectID

        /// The digest of the archive.
        public var archiveDigest: ObjectID

        /// The files `…-d` of GOCACHE.
        public var outputs = Tally()

        /// The files `…-a` of GOCACHE.
        public var actions = Tally()

        /// The files of module trees.
        public var treeFiles = Tally()

        /// The files below GOMODCACHE's `cache/download`, including lists of versions.
        public var downloads = Tally()

        /// The length of the content that was written, in bytes.
        public var bytesWritten = 0

        /// The bytes of an archive that lies elsewhere that were read; `nil` for an archive on disk.
        public var fetchedBytes: Int?

        /// The number of requests by which ``fetchedBytes`` were read; `nil` for an archive on disk.
        public var requests: Int?

        /// The number of files and directories that were removed.
        ///
        /// They did not belong in a module tree, or they were wrong and Go would have trusted them: an output
        /// whose content in the archive is damaged, or a tree or zip beside a `.ziphash` that was added.
        public var removed = 0

        /// What was removed because the restore does not hold it; nothing unless
        /// ``Restore/Options/removesExcess`` is set.
        public var excess = Excess()

        /// The members that were left out because they are damaged in the archive, in the order of the
        /// archive; empty unless ``Restore/Options/skipsDamaged`` is set.
        ///
        /// A member whose files were there and right already is not read, and so it is not listed.
        public var leftOut: [DamagedMember] = []

        /// The modules that were to be restored, and that are neither in the archive nor in GOMODCACHE; `nil`
        /// unless ``Restore/Options/modules`` names some.
        ///
        /// A module is in GOMODCACHE if Go would build with it: its `.ziphash` has a hash of the go.sum
        /// files, and the tree or the zip is there. The content is not read.
        public var absentModules: NamedModules?

        /// Warnings of members that were left out, of modules that are absent, and of entries that will miss
        /// because the target differs from the environment of the pack.
        public var warnings: [Warning] = []

        /// Whether, as far as recorded settings tell, no restored entry of the build cache can hit here.
        public var nothingHits = false
    }
}
