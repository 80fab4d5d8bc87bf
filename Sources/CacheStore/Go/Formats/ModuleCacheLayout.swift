/// The layout of GOMODCACHE (Go's cmd/go/internal/modfetch/cache.go, `cachePath` and `DownloadDir`).
enum ModuleCacheLayout {
    /// The directory of all downloads, below GOMODCACHE.
    static let downloadDirectory = "cache/download"

    /// The directory of the checksum database's files, below GOMODCACHE.
    static let checksumDirectory = "cache/download/sumdb"

    /// Returns the path of a module's zip, below GOMODCACHE.
    static func zip(of module: ModuleKey) -> String { "\(module.downloadDirectory)/\(module.version).zip" }
}
