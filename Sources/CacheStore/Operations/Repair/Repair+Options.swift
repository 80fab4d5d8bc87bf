extension Repair {
    /// The options of a ``Repair``.
    public struct Options: Hashable, Sendable {
        /// Whether a file that has the new archive's name may be replaced.
        public var overwrite = false

        /// The number of threads, or `nil` for one per processor; it affects nothing but the time.
        public var jobs: Int?

        /// Creates options with the defaults above.
        public init() {}
    }
}
