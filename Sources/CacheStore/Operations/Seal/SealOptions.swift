/// How to seal a GOCACHE.
public struct SealOptions: Hashable, Sendable {
    /// Who will use the cache: ``CacheProfile/image`` or ``CacheProfile/readonly``.
    public var profile = CacheProfile.image

    /// Whether only to look, and to change nothing.
    public var isDryRun = false

    /// The time that entries get, in seconds since 1970: 2100-01-01.
    ///
    /// A `go` command of a 32-bit system takes times after 2038-01-18 for long past.
    public var time = BuildCacheLayout.sealTime

    /// The number of threads, or `nil` for one a processor; it changes nothing but the time.
    public var jobs: Int?

    /// Creates options with the defaults above.
    public init() {}
}
