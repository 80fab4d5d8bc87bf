import SystemPackage

/// Where things lie in GOMODCACHE (Go's cmd/go/internal/modfetch/cache.go, `cachePath` and `DownloadDir`).
enum ModuleCacheLayout {
    /// The directory of the checksum database's files, below GOMODCACHE.
    static let checksumDirectory = "cache/download/sumdb"

    /// The path of a module's zip.
    static func zip(of module: ModuleKey, in root: FilePath) -> FilePath {
        root.appending(FilePath("\(module.downloadDirectory)/\(module.version).zip").components)
    }
}
