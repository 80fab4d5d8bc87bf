extension Explain {
    /// A report on where the bytes of an archive are.
    public struct Report: Hashable, Sendable {
        /// A compiled package, in all variants and versions that the archive holds.
        public struct Package: Hashable, Sendable {
            /// The import path; for a program, `main` and, in parentheses, the directory of its sources.
            public var importPath: String

            /// The path of the package's module.
            ///
            /// The path is `std` for Go's own packages, and empty if the archive holds no tree of the module.
            public var module: String

            /// The number of outputs: one per combination of version, flags and tags.
            public var variants = 0

            /// The length of the outputs' content, in bytes.
            public var contentBytes = 0

            /// The length of the frames that hold the outputs' content, in bytes.
            public var storedBytes = 0

            /// The labels of the sources that hold an output of the package, in order.
            public var sources: [String] = []
        }

        /// A module.
        public struct Module: Hashable, Sendable {
            /// A version of the module whose tree the archive holds.
            public struct Version: Hashable, Sendable {
                /// The version.
                public var version: String

                /// The length of the tree's content, in bytes.
                public var contentBytes: Int

                /// The length of the frames that hold the tree, in bytes.
                ///
                /// A chunk that several trees share counts for the first of them.
                public var storedBytes: Int

                /// The labels of the sources that hold the tree, in order.
                public var sources: [String]
            }

            /// The path of the module.
            ///
            /// The path is `std` for Go's own packages, and empty for packages of no module in the archive.
            public var path: String

            /// The versions, in the order of their names.
            public var versions: [Version] = []

            /// The number of the module's packages that are compiled.
            public var packages = 0

            /// The length of the compiled packages' content, in bytes.
            public var compiledContentBytes = 0

            /// The length of the frames that hold the compiled packages, in bytes.
            public var compiledStoredBytes = 0

            /// The length of the frames that hold the trees and the compiled packages, in bytes.
            public var storedBytes: Int { versions.reduce(compiledStoredBytes) { $0 + $1.storedBytes } }
        }

        /// The compiled packages, the largest first.
        public var packages: [Package]

        /// The modules, the largest first.
        public var modules: [Module]

        /// The archive in figures.
        public var totals: ArchiveTotals

        /// The number of compiled packages that state no name.
        public var unknownPackages: Int
    }
}
