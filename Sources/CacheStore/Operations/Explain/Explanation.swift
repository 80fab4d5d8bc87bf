/// Where the bytes of an archive are.
public struct Explanation: Hashable, Sendable {
    /// A compiled package, in all variants and versions that the archive holds.
    public struct Package: Hashable, Sendable {
        /// The import path; for a program `main` and, in parentheses, the directory of its sources.
        public var importPath: String

        /// The module it belongs to, by its path: `std` for Go's own, empty where no tree of the archive is its
        /// module's.
        public var module: String

        /// The number of outputs: one for each version, set of flags and tags.
        public var variants = 0

        /// Their content, in bytes.
        public var rawBytes = 0

        /// What that takes in the archive, in bytes.
        public var storedBytes = 0

        /// The labels of the sources that hold some, in order.
        public var sources: [String] = []
    }

    /// A module.
    public struct Module: Hashable, Sendable {
        /// A version of it whose tree the archive holds.
        public struct Version: Hashable, Sendable {
            /// The version.
            public var version: String

            /// The content of the tree, in bytes.
            public var rawBytes: Int

            /// What that takes in the archive, in bytes; a chunk that trees share counts for the first.
            public var storedBytes: Int

            /// The labels of the sources that hold it, in order.
            public var sources: [String]
        }

        /// Its path, `std` for Go's own packages, or empty for packages of no module in the archive.
        public var path: String

        /// Its versions, in the order of their names.
        public var versions: [Version] = []

        /// The number of its packages that are compiled.
        public var packages = 0

        /// The content of the compiled packages, in bytes.
        public var compiledRawBytes = 0

        /// What that takes in the archive, in bytes.
        public var compiledStoredBytes = 0

        /// What the trees and the compiled packages take in the archive, in bytes.
        public var storedBytes: Int { versions.reduce(compiledStoredBytes) { $0 + $1.storedBytes } }
    }

    /// The compiled packages, those that take most first.
    public var packages: [Package]

    /// The modules, those that take most first.
    public var modules: [Module]

    /// The archive in figures.
    public var totals: ArchiveTotals

    /// Compiled packages that do not name themselves.
    public var unknownPackages: Int
}
