import SystemPackage

/// The directories of a tree that look like Go's caches, found by their parts.
///
/// GOCACHE has files `XX…-a` or `XX…-d` in directories `00` to `ff`, and GOMODCACHE has `cache/download`.
struct CacheSearch {
    /// The directories that look like GOCACHE, in the order of their paths.
    private(set) var buildCaches: [StoredTree.Entry] = []

    /// The directories that look like GOMODCACHE, in the order of their paths.
    private(set) var moduleCaches: [StoredTree.Entry] = []

    /// Looks through a tree, but not into the modules and entries of caches.
    init(_ tree: StoredTree) {
        var rest = [(directory: tree.top, isInModules: false)]
        while let (directory, isInModules) = rest.popLast() {
            let (hasEntries, hasModules) = (Self.isBuildCache(directory), Self.isModuleCache(directory))
            if hasEntries { buildCaches.append(directory) }
            if hasModules { moduleCaches.append(directory) }
            for entry in directory.entries.reversed() where entry.status.kind == .directory {
                let name = entry.name
                if hasEntries, BuildCacheLayout.isSubdirectory(name) { continue }
                // The files of a module may look like anything.
                if hasModules && name == "cache" || (isInModules || hasModules) && name.contains("@") {
                    continue
                }
                rest.append((entry, isInModules || hasModules))
            }
        }
    }

    /// Returns whether a directory looks like GOCACHE.
    static func isBuildCache(_ directory: StoredTree.Entry) -> Bool {
        directory.entries.contains { part in
            guard BuildCacheLayout.isSubdirectory(part.name), part.status.kind == .directory else {
                return false
            }
            return part.entries.contains { file in
                let name = file.name
                return name.utf8.count == 66 && name.hasPrefix(part.name)
                    && (name.hasSuffix("-a") || name.hasSuffix("-d"))
                    && ObjectID(hexadecimal: Array(name.utf8.prefix(64)).span) != nil
            }
        }
    }

    /// Returns whether a directory looks like GOMODCACHE.
    static func isModuleCache(_ directory: StoredTree.Entry) -> Bool {
        directory["cache"]?["download"]?.status.kind == .directory
    }
}
