import SystemPackage

/// Go's two caches to be read: directories on disk, or in a tar.
struct CacheTrees: Sendable {
    /// GOCACHE; `nil` leaves the build cache out.
    var buildCache: FileTree?

    /// GOMODCACHE; `nil` leaves the module cache out.
    var moduleCache: FileTree?

    /// Whether the caches are on disk, where other directories may be looked at, too.
    let areOnDisk: Bool

    /// Creates the trees of directories on disk.
    init(_ caches: GoCaches) {
        buildCache = caches.buildCache.map { FileTree($0) }
        moduleCache = caches.moduleCache.map { FileTree($0) }
        areOnDisk = true
    }

    /// Creates the trees of directories that lie in a file.
    init(storedBuildCache buildCache: FileTree?, moduleCache: FileTree?) {
        (self.buildCache, self.moduleCache, areOnDisk) = (buildCache, moduleCache, false)
    }

    /// The paths of the caches, for messages; on disk, those by which they are opened.
    var paths: GoCaches { GoCaches(buildCache: buildCache?.path, moduleCache: moduleCache?.path) }

    /// Returns the directories that may be the GOMODCACHE of the entries.
    ///
    /// - Parameter paths: The paths of GOMODCACHE under which Go may have built.
    /// - Returns: On disk, these paths; otherwise the GOMODCACHE that is packed.
    func moduleTrees(builtIn paths: Set<FilePath>) -> [FileTree] {
        areOnDisk ? paths.map { FileTree($0) } : [moduleCache].compactMap(\.self)
    }
}
