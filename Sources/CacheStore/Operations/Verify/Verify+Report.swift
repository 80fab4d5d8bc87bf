extension Verify {
    /// What a verification found.
    public struct Report: Sendable {
        /// Everything that is wrong, in the order of the archive; empty for a sound archive.
        public var problems: [CacheStoreError]

        /// The digest of the archive, if its index could be read.
        public var digest: ObjectID?

        /// The chunks whose bytes were checked.
        public var chunks = 0

        /// The members that were checked.
        public var members = 0

        /// The bytes of content that were checked.
        public var contentBytes = 0
    }
}
