extension Diff {
    /// A report on the members that only one of two archives has, by module, by package and by kind.
    public struct Report: Hashable, Sendable {
        /// The compiled packages or outputs that only one archive has, in figures.
        public struct Amount: Hashable, Sendable {
            /// The number of compiled packages, or the number of outputs of one package.
            public var count = 0

            /// The length of the content, in bytes.
            public var contentBytes = 0

            /// The length of the frames that hold the content and that the other archive lacks, in bytes.
            public var storedBytes = 0
        }

        /// A compiled package with an output that only one archive has.
        public struct Package: Hashable, Sendable {
            /// The import path; for a program, `main` and, in parentheses, the directory of its sources.
            public var importPath: String

            /// The package's module, as in ``Explain/Report/Package/module``.
            public var module: String

            /// The outputs that only the first archive has.
            public var removed = Amount()

            /// The outputs that only the second archive has.
            public var added = Amount()

            /// The length of the frames of all these outputs, in bytes.
            public var storedBytes: Int { removed.storedBytes + added.storedBytes }
        }

        /// A module with a tree or a compiled package that only one archive has.
        public struct Module: Hashable, Sendable {
            /// The path, as in ``Explain/Report/Module/path``.
            public var path: String

            /// The versions whose trees only the first archive has, in the order of their names.
            public var removedVersions: [Explain.Report.Module.Version] = []

            /// The versions whose trees only the second archive has, in the order of their names.
            public var addedVersions: [Explain.Report.Module.Version] = []

            /// The compiled packages with an output that only the first archive has.
            public var removedPackages = Amount()

            /// The compiled packages with an output that only the second archive has.
            public var addedPackages = Amount()

            /// The length of the frames of trees and packages that only the first archive has, in bytes.
            public var removedStoredBytes: Int {
                removedVersions.reduce(removedPackages.storedBytes) { $0 + $1.storedBytes }
            }

            /// The length of the frames of trees and packages that only the second archive has, in bytes.
            public var addedStoredBytes: Int {
                addedVersions.reduce(addedPackages.storedBytes) { $0 + $1.storedBytes }
            }

            /// The change of the module's share of an archive, from the first to the second, in bytes.
            public var storedGrowth: Int { addedStoredBytes - removedStoredBytes }

            /// The length of the frames of trees and packages that only one archive has, in bytes.
            public var storedBytes: Int { removedStoredBytes + addedStoredBytes }
        }

        /// The members that only the first archive has, by kind.
        public var removed: [Member.Kind: ArchiveTotals.Tally]

        /// The members that only the second archive has, by kind.
        public var added: [Member.Kind: ArchiveTotals.Tally]

        /// The modules that differ, the largest difference first.
        public var modules: [Module]

        /// The compiled packages that differ, the largest difference first.
        public var packages: [Package]

        /// The number of compiled packages that differ and state no name.
        public var unknownPackages: Int

        /// The length of the first archive, in bytes.
        public var firstFileBytes: Int

        /// The length of the second archive, in bytes.
        public var secondFileBytes: Int

        /// The sum of ``removed``.
        public var allRemoved: ArchiveTotals.Tally { Self.sum(removed) }

        /// The sum of ``added``.
        public var allAdded: ArchiveTotals.Tally { Self.sum(added) }

        private static func sum(_ tallies: [Member.Kind: ArchiveTotals.Tally]) -> ArchiveTotals.Tally {
            tallies.values.reduce(into: ArchiveTotals.Tally()) { $0 += $1 }
        }

        /// Whether both archives hold the same members.
        public var isEmpty: Bool { removed.isEmpty && added.isEmpty }
    }
}
