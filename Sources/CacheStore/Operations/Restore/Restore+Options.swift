extension Restore {
    /// How to restore.
    public struct Options: Hashable, Sendable {
        /// What to do about the zips of modules.
        public enum ModuleZips: String, Hashable, Sendable, CaseIterable {
            /// Writes none. Builds do not need them; `go mod download` would fetch them again.
            case none
            /// Makes an equivalent zip from each tree that had one, not compressed.
            case make
        }

        // MARK: What comes out

        /// The labels of the sources to restore; `nil` for all.
        public var only: [String]?

        /// Who will use the caches.
        public var profile = CacheProfile.image

        /// What to do about the zips of modules.
        public var moduleZips = ModuleZips.none

        /// Whether to wait at the end until all is on the disk.
        public var synchronize = false

        /// The Go environment of the builds that will use the caches, to warn of what will miss there; `nil` compares
        /// nothing but GOMODCACHE.
        public var environment: GoEnvironment?

        // MARK: How fast

        /// The number of threads, or `nil` for one a processor; it changes nothing but the time.
        public var jobs: Int?

        /// Creates options with the defaults above.
        public init() {}
    }
}
