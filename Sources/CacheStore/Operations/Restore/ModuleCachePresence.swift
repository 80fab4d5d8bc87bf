import SystemPackage

/// The modules that are in a GOMODCACHE, whoever has put them there.
final class ModuleCachePresence: Sendable {
    private let root: Directory

    /// Opens GOMODCACHE.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    init(_ path: FilePath) throws(CacheStoreError) { root = try Directory(opening: path) }

    /// Returns the modules that Go would have to download.
    ///
    /// Go builds with a module whose `.ziphash` has the hash of go.sum, and reads neither the tree nor the
    /// zip to see whether they have it (cmd/go/internal/modfetch, `DownloadDir` in cache.go and `checkMod` in
    /// fetch.go).
    ///
    /// - Throws: ``CacheStoreError`` if the machine is at fault.
    /// - Complexity: A few looks per module.
    func absent(of modules: NamedModules) throws -> NamedModules {
        try modules.removing { module in
            guard let content = try download("ziphash", of: module),
                let hash = ModuleHash.id(ofZiphash: content),
                modules.contradiction(ofZip: hash, of: module) == nil,
                let downloads = try downloads(of: module),
                try downloads.status(of: "\(module.version).partial") == nil
            else { return false }
            return try root.hasModule(module) || downloads.status(of: "\(module.version).zip") != nil
        } modFiles: { module in
            guard let content = try download("mod", of: module) else { return false }
            return modules.contradiction(ofModFile: content, of: module) == nil
        }
    }

    private func downloads(of module: ModuleKey) throws(CacheStoreError) -> Directory? {
        try Unusable.passedOver(try root.directory(at: module.downloadDirectory.pathElements))
    }

    /// Reads a small file of a module's downloads, or returns `nil` if there is none that can be read.
    private func download(_ kind: String, of module: ModuleKey) throws(CacheStoreError) -> [UInt8]? {
        guard let directory = try downloads(of: module),
            let file = try Unusable.passedOver(try directory.file("\(module.version).\(kind)"))
        else { return nil }
        let content = try file.bytes(count: FormatLimits.valueSize + 1)
        return content.count <= FormatLimits.valueSize ? content : nil
    }
}

// MARK: - Trees

extension Directory {
    /// Returns whether anything is in the place of a module's tree below this GOMODCACHE; Go takes no tree
    /// below a file.
    ///
    /// - Throws: ``CacheStoreError`` if the machine is at fault.
    func hasModule(_ module: ModuleKey) throws(CacheStoreError) -> Bool {
        do throws(CacheStoreError) {
            return try status(ofModule: module) != nil
        } catch {
            guard !error.isOfMachine else { throw error }
            return false
        }
    }

    /// Returns the status of what is in the place of a module's tree below this GOMODCACHE.
    ///
    /// This only looks, so the directories above the tree may be symbolic links: a user may have moved them.
    /// Nothing is written through a link.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func status(ofModule module: ModuleKey) throws(CacheStoreError) -> FileStatus? {
        guard isTooLong(module) else { return try status(of: module.text) }
        let elements = module.text.pathElements
        guard let parent = try directory(at: elements.dropLast()) else { return nil }
        return try parent.status(of: elements[elements.count - 1])
    }

    /// Returns whether the system can't open a module's tree by its path as a whole, but only level by level.
    func isTooLong(_ module: ModuleKey) -> Bool {
        path.string.utf8.count + module.text.utf8.count + 2 > PathRules.longestPath
    }
}
