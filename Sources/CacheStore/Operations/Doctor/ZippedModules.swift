import Glibc
import SystemPackage

/// Modules that travel as zips alone, because image layers give names in their trees another meaning.
///
/// Go unpacks such a module when a build first needs it (Go's cmd/go/internal/modfetch/fetch.go, `download`).
/// For that, Go must be able to write to GOMODCACHE.
enum ZippedModules {
    /// A module with the labels of the sources that hold its zip.
    struct Module: Hashable {
        var key: ModuleKey
        var sources: [String]
    }

    /// Returns the modules of a set that have a stored zip, but no tree.
    static func modules(of set: MemberSet) -> [Module] {
        let trees = Set(set.trees.map(\.module))
        return set.downloads.compactMap { download in
            guard case .stored = download.content, !trees.contains(download.module),
                !download.module.isToolchain
            else { return nil }
            let labels = set.sourceSets[download.sources].map { set.sources[$0].label }
            return Module(key: download.module, sources: labels)
        }
    }

    /// Returns a note on the modules that are not unpacked in GOMODCACHE here, if Go can't unpack them there.
    static func findings(_ modules: [Module], _ sources: [Source], _ here: GoEnvironment) -> [Finding] {
        let cache = FilePath(here["GOMODCACHE"])
        // A cache that is not there is made by the user who builds.
        guard !modules.isEmpty, !cache.isEmpty, exists(cache) else { return [] }
        let absent = modules.filter { module in
            let tree = cache.pushing(FilePath(module.key.text))
            let downloads = cache.pushing(FilePath(module.key.downloadDirectory))
            return !exists(tree) && !(isPlaceWritable(tree) && isPlaceWritable(downloads))
        }
        guard !absent.isEmpty else { return [] }
        let labels = sources.map(\.label).filter { label in absent.contains { $0.sources.contains(label) } }
        let names = absent.prefix(3).map { "`\($0.key.unescaped)`" }.joined(separator: ", ")
        let rest = absent.count > 3 ? " and \(absent.count - 3) more" : ""
        return [
            Finding(
                code: .moduleZips,
                setting: "modules as zips",
                recorded: [Finding.Recorded(value: names + rest, sources: labels)],
                here: cache.string,
                severity: .note,
                loss:
                    "these modules travel as zips, which Go unpacks at their first use, but GOMODCACHE can't "
                    + "be written to here: builds that need them fail",
                mend: "run `go mod download` in the image as the owner of GOMODCACHE, or make it writable"
            )
        ]
    }

    private static func exists(_ path: FilePath) -> Bool {
        unsafe path.withPlatformString { unsafe access($0, F_OK) == 0 }
    }

    /// Returns whether this user may write to a directory, or to the nearest existing one above it.
    private static func isPlaceWritable(_ path: FilePath) -> Bool {
        if !exists(path), path.removingLastComponent() != path {
            return isPlaceWritable(path.removingLastComponent())
        }
        return unsafe path.withPlatformString { unsafe access($0, W_OK) == 0 }
    }
}
