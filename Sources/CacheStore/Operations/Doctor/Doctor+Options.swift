public import SystemPackage

extension Doctor {
    /// The options of a ``Doctor``.
    public struct Options: Sendable {
        /// The packages that the Go command itself judges.
        public struct Packages: Hashable, Sendable {
            /// The directory in which the Go command is run.
            public var directory: FilePath

            /// The packages, in the form in which `go build` takes them.
            public var patterns: [String]

            /// Whether to compile the missing packages, in a temporary build cache, so that the count is
            /// exact.
            public var compiles = false

            /// Creates a selection of packages.
            public init(directory: FilePath, patterns: [String] = ["./..."]) {
                self.directory = directory
                self.patterns = patterns
            }
        }

        /// The Go command, whose environment is compared and which judges packages.
        public var go = GoCommand()

        /// GOMODCACHE; `nil` for the one that the Go command names.
        public var moduleCache: FilePath?

        /// The labels of the sources to judge; `nil` for all.
        public var only: [String]?

        /// The packages to judge; `nil` compares the environments alone.
        public var packages: Packages?

        /// The directory into which parts of the archive's build cache are written for a while, to judge
        /// packages.
        ///
        /// With ``Packages/compiles``, the whole build cache is restored there.
        public var temporaryDirectory = FilePath("/tmp")

        /// The number of threads, or `nil` for one per processor; the number affects only the time.
        public var jobs: Int?

        /// Creates options with the defaults above.
        public init() {}
    }
}
