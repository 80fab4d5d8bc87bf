public import SystemPackage

extension Doctor {
    /// What a ``Doctor`` looks at.
    public struct Options: Sendable {
        /// Packages to be judged by the Go command itself.
        public struct Packages: Hashable, Sendable {
            /// The directory that the Go command is run in.
            public var directory: FilePath

            /// The packages, as `go build` takes them.
            public var patterns: [String]

            /// Whether to compile what is missing, in a temporary build cache, so that the count is exact.
            public var compiles = false

            /// Names packages.
            public init(directory: FilePath, patterns: [String] = ["./..."]) {
                self.directory = directory
                self.patterns = patterns
            }
        }

        /// The Go command whose environment is compared, and that judges packages.
        public var go = GoCommand()

        /// GOMODCACHE; `nil` for the one that the Go command names.
        public var moduleCache: FilePath?

        /// The labels of the sources to judge; `nil` for all.
        public var only: [String]?

        /// The packages to judge; `nil` compares the environments alone.
        public var packages: Packages?

        /// Where the build cache of the archive may be restored to for a while, to judge packages.
        public var temporaryDirectory = FilePath("/tmp")

        /// The number of threads, or `nil` for one a processor; it changes nothing but the time.
        public var jobs: Int?

        /// Creates options with the defaults above.
        public init() {}
    }
}
