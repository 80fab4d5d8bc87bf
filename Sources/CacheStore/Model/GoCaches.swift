public import SystemPackage

/// Where Go's two caches lie.
public struct GoCaches: Hashable, Sendable {
    /// GOCACHE, the build cache; `nil` leaves it out on purpose.
    public var buildCache: FilePath?

    /// GOMODCACHE, the module cache; `nil` leaves it out on purpose.
    public var moduleCache: FilePath?

    /// Names the two directories.
    public init(buildCache: FilePath?, moduleCache: FilePath?) {
        self.buildCache = buildCache
        self.moduleCache = moduleCache
    }
}
