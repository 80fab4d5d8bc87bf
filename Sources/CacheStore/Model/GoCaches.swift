public import SystemPackage

/// The paths of Go's two caches.
public struct GoCaches: Hashable, Sendable {
    /// The path of GOCACHE, the build cache; `nil` leaves the build cache out on purpose.
    public var buildCache: FilePath?

    /// The path of GOMODCACHE, the module cache; `nil` leaves the module cache out on purpose.
    public var moduleCache: FilePath?

    /// Creates a value from the paths of the two directories.
    public init(buildCache: FilePath?, moduleCache: FilePath?) {
        self.buildCache = buildCache
        self.moduleCache = moduleCache
    }
}
