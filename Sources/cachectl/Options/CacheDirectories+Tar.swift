import CacheStore
import SystemPackage

extension CacheDirectories {
    /// Returns a tar with the directories that the options choose in it; `nil` if no tar is named.
    ///
    /// The variables of the environment tell nothing about a tar.
    func tar(_ path: String?) -> CacheTar? {
        guard let path else { return nil }
        func place(_ option: String?, isLeftOut: Bool) -> CacheTar.Place {
            isLeftOut ? .leftOut : option.map { .named($0) } ?? .found
        }
        return CacheTar(
            FilePath(path == "-" ? "/dev/stdin" : path),
            buildCache: place(gocache, isLeftOut: leavesOutBuildCache),
            moduleCache: place(gomodcache, isLeftOut: leavesOutModuleCache)
        )
    }
}
