import SystemPackage

/// The look of a directory that is taken for one of Go's caches.
enum CacheShape {
    /// Refuses caches that are each taken for the other.
    ///
    /// A pack of swapped caches would hold nothing, and a restore would mix the two. A directory that has the
    /// parts of both caches is both, and one that has no parts of either may become any.
    ///
    /// - Parameter caches: The directories.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/badArgument``.
    static func check(_ caches: GoCaches) throws(CacheStoreError) {
        if let build = caches.buildCache?.lexicallyNormalized(),
            let module = caches.moduleCache?.lexicallyNormalized(), build.starts(with: module),
            build.components.dropFirst(module.components.count).contains(where: { $0.string.contains("@") })
        {
            // The files of a module that are not its own are removed.
            throw CacheStoreError(
                .badArgument,
                "GOCACHE lies among the files of a module in GOMODCACHE",
                path: caches.buildCache,
                remedy: .chooseName
            )
        }
        if let path = caches.buildCache, caches.moduleCache != path, hasModules(path), !hasEntries(path) {
            throw swapped("GOCACHE", path, "GOMODCACHE: it has `cache/download`, and none of `00` to `ff`")
        }
        if let path = caches.moduleCache, hasEntries(path), !hasModules(path), caches.buildCache != path {
            throw swapped("GOMODCACHE", path, "GOCACHE: it has `00` to `ff`, and no `cache/download`")
        }
    }

    /// Refuses caches to pack that are directories above or in caches, as GOPATH is.
    ///
    /// - Parameter caches: The directories.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/badArgument``.
    static func checkSources(_ caches: GoCaches) throws(CacheStoreError) {
        if let path = caches.moduleCache?.lexicallyNormalized(), !hasModules(path) {
            let inner = ["pkg/mod", "mod", "go/pkg/mod"].map { path.pushing(FilePath($0)) }
            // The directories of downloads, and those of modules, lie up to two levels below the cache.
            let outer = [path.removingLastComponent(), path.removingLastComponent().removingLastComponent()]
            if let place = (inner + outer).first(where: hasModules) {
                throw misnamed("GOMODCACHE", path, "the modules are in `\(place)`", .nameModuleCache)
            }
        }
        if let path = caches.buildCache?.lexicallyNormalized(), !hasEntries(path) {
            let inner = ["go-build", ".cache/go-build"].map { path.pushing(FilePath($0)) }
            if let place = (inner + [path.removingLastComponent()]).first(where: hasEntries) {
                throw misnamed("GOCACHE", path, "the entries are in `\(place)`", .nameBuildCache)
            }
        }
    }

    private static func misnamed(
        _ name: String,
        _ path: FilePath,
        _ look: String,
        _ remedy: Remedy
    ) -> CacheStoreError {
        let message = "the directory named as \(name) is none: \(look)"
        return CacheStoreError(.badArgument, message, path: path, remedy: remedy)
    }

    private static func swapped(_ name: String, _ path: FilePath, _ look: String) -> CacheStoreError {
        CacheStoreError(
            .badArgument,
            "the directory named as \(name) looks like \(look)",
            path: path,
            remedy: .swapCaches
        )
    }

    private static func hasModules(_ path: FilePath) -> Bool { isDirectory(path.appending("cache/download")) }

    private static func hasEntries(_ path: FilePath) -> Bool {
        isDirectory(path.appending("00")) && isDirectory(path.appending("ff"))
    }

    private static func isDirectory(_ path: FilePath) -> Bool {
        do {
            _ = try Directory(opening: path)
            return true
        } catch {
            return false
        }
    }
}
