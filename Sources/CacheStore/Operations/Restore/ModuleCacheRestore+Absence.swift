/// Modules that are in GOMODCACHE, whether or not this restore has put them there.
extension ModuleCacheRestore {
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
            return try isThere(module) || downloads.status(of: "\(module.version).zip") != nil
        } modFiles: { module in
            guard let content = try download("mod", of: module) else { return false }
            return modules.contradiction(ofModFile: content, of: module) == nil
        }
    }

    private func downloads(of module: ModuleKey) throws(CacheStoreError) -> Directory? {
        try Unusable.passedOver(try root.directory.directory(at: module.downloadDirectory.pathElements))
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
