public import SystemPackage

extension Seal {
    /// The options of a ``Seal``.
    public struct Options: Hashable, Sendable {
        /// The users of the cache: ``CacheProfile/image`` or ``CacheProfile/readonly``.
        public var profile = CacheProfile.image

        /// The path of GOMODCACHE, whose modules all users can then use; `nil` leaves it alone.
        ///
        /// With ``CacheProfile/image``, all users can also add modules, and with ``CacheProfile/readonly``
        /// only the owner can.
        public var moduleCache: FilePath?

        /// Whether to look only, without changing anything.
        public var isDryRun = false

        /// The time that entries get, in seconds since 1970: 2100-01-01.
        ///
        /// A `go` command of a 32-bit system takes a time after 2038-01-18 for one long past.
        public var time = BuildCacheLayout.sealTime

        /// The number of threads, or `nil` for one per processor; it changes only how long the work takes.
        public var jobs: Int?

        /// Creates options with the defaults above.
        public init() {}

        /// Checks the options, as ``Seal/run(_:progress:)`` does before anything else.
        ///
        /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/badArgument``.
        public func check() throws(CacheStoreError) {
            guard profile.seals else {
                throw CacheStoreError(
                    .badArgument,
                    "the profile `\(profile.rawValue)` seals nothing",
                    remedy: .chooseProfile
                )
            }
        }
    }
}
