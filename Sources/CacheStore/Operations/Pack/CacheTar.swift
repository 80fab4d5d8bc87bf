public import SystemPackage

/// Go's caches in a tar, as caches of CI services and artifacts keep them.
///
/// A ``Pack`` reads the caches from the tar, and does not unpack it. The tar may be plain or compressed with
/// gzip or zstd; its first bytes tell which.
public struct CacheTar: Hashable, Sendable {
    /// The choice of a directory in the tar.
    public enum Place: Hashable, Sendable {
        /// The only directory that looks like the cache.
        case found
        /// The directory with a path in the tar. Whether the path begins with `./` does not matter.
        case named(String)
        /// None: the cache is left out on purpose.
        case leftOut
    }

    /// The paths of the caches in a tar, as its members state them, without `./` and detours.
    public struct Places: Hashable, Sendable {
        /// The path of GOCACHE; `nil` if it is left out.
        public var buildCache: String?

        /// The path of GOMODCACHE; `nil` if it is left out.
        public var moduleCache: String?
    }

    /// The tar: a file, or a pipe.
    public var path: FilePath

    /// The choice of GOCACHE.
    public var buildCache: Place

    /// The choice of GOMODCACHE.
    public var moduleCache: Place

    /// Creates a value for a tar.
    public init(_ path: FilePath, buildCache: Place = .found, moduleCache: Place = .found) {
        (self.path, self.buildCache, self.moduleCache) = (path, buildCache, moduleCache)
    }

    // MARK: - Finding the caches

    /// The caches of a tar.
    struct Opened: Sendable {
        var caches: CacheTrees
        var places: Places
    }

    /// Finds the caches in a tar.
    ///
    /// - Parameter tree: The tree of the tar's members.
    /// - Returns: The caches and their places.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/notFound`` or
    ///   ``CacheStoreError/Code/badArgument``, which lists the directories that look like the cache.
    func opened(_ tree: StoredTree) throws(CacheStoreError) -> Opened {
        let search = CacheSearch(tree)
        let build = try entry(buildCache, "GOCACHE", in: tree, among: search.buildCaches, .placeBuildCache)
        let module = try entry(
            moduleCache,
            "GOMODCACHE",
            in: tree,
            among: search.moduleCaches,
            .placeModuleCache
        )
        return Opened(
            caches: CacheTrees(storedBuildCache: build.map(shown), moduleCache: module.map(shown)),
            places: Places(buildCache: build?.pathInTar, moduleCache: module?.pathInTar)
        )
    }

    private func shown(_ entry: StoredTree.Entry) -> FileTree {
        FileTree(entry, shownAs: FilePath("\(path.string):\(entry.pathInTar)"))
    }

    private func entry(
        _ place: Place,
        _ name: String,
        in tree: StoredTree,
        among candidates: [StoredTree.Entry],
        _ remedy: Remedy
    ) throws(CacheStoreError) -> StoredTree.Entry? {
        let paths = candidates.map { "`\($0.pathInTar)`" }.prefix(20).joined(separator: ", ")
        switch place {
        case .leftOut: return nil
        case .found:
            if let first = candidates.first, candidates.count == 1 { return first }
            throw CacheStoreError(
                candidates.isEmpty ? .notFound : .badArgument,
                candidates.isEmpty
                    ? "no directory in the tar looks like \(name)"
                    : "\(candidates.count) directories in the tar look like \(name): \(paths)",
                path: path,
                remedy: remedy
            )
        case .named(let text):
            let wanted = TarTree.Path(text).names
            var found: StoredTree.Entry? = tree.top
            for element in wanted { found = found?.child(element) }
            if let found, candidates.contains(where: { $0.isSame(as: found) }) { return found }
            let fault = found == nil ? "the tar has no `\(text)`" : "`\(text)` in the tar is no \(name)"
            let others =
                candidates.isEmpty
                ? ", and no directory in the tar looks like one" : "; these look like one: \(paths)"
            throw CacheStoreError(
                found == nil ? .notFound : .badArgument,
                (found == nil ? "\(fault), named as \(name)" : fault) + others,
                path: path,
                remedy: remedy
            )
        }
    }
}

extension StoredTree.Entry {
    /// The path as members of the tar state it, without detours; `.` for the directory that holds them all.
    fileprivate var pathInTar: String {
        let names = sequence(first: self, next: \.above).dropLast().map(\.name).reversed()
        if names.isEmpty { return "." }
        let text = names.joined(separator: "/")
        return names.first == "/" ? (names.count == 1 ? "/" : String(text.dropFirst())) : text
    }
}
