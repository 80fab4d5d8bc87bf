extension Verify {
    /// The result of a verification.
    public struct Report: Sendable {
        /// The problems that were found, in the order of the archive; empty for a sound archive.
        public var problems: [CacheStoreError]

        /// The digest of the archive, if its index could be read.
        public var digest: ObjectID?

        /// The number of chunks whose bytes were checked.
        public var chunks = 0

        /// The number of members that were checked.
        public var members = 0

        /// The number of modules with a tree, a zip or a `go.mod` of which ``Verify/Options/modules`` has no
        /// hash; `nil` without that option.
        public var unnamedModules: Int?

        /// The number of bytes of content that were checked.
        public var contentBytes = 0
    }
}
