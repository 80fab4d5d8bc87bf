import SystemPackage

/// Modules that travel as zips alone, because image layers give names in their trees another meaning.
///
/// Go unpacks such a module when a build first needs it (Go's cmd/go/internal/modfetch/fetch.go, `download`).
/// For that, Go must be able to write to GOMODCACHE.
enum ZippedModules {
    /// A module with the labels of the sources that hold its zip.
    struct Module: Hashable, Sendable {
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

    /// Returns a finding on the modules that are not unpacked in GOMODCACHE here, if Go can't unpack them
    /// there.
    ///
    /// - Throws: ``CacheStoreError`` if the system can't tell.
    static func findings(
        _ modules: [Module],
        _ sources: [Source],
        _ here: GoEnvironment
    ) throws -> [Finding] {
        let cache = FilePath(here["GOMODCACHE"])
        guard !modules.isEmpty, !cache.isEmpty else { return [] }
        let absent = try modules.filter { module in
            let tree = cache.pushing(FilePath(module.key.text))
            let downloads = cache.pushing(FilePath(module.key.downloadDirectory))
            return try !Access.exists(tree) && !(Access.canMake(tree) && Access.canMake(downloads))
        }
        guard !absent.isEmpty else { return [] }
        return [
            Finding(
                code: .moduleZips,
                setting: "modules as zips",
                recorded: [recorded(absent, sources)],
                here: cache.string,
                severity: .unknown,
                loss:
                    "these modules travel as zips, which Go unpacks at their first use, but GOMODCACHE can't "
                    + "be written to here: builds that need them fail",
                mend: "run `go mod download` in the image as the owner of GOMODCACHE, or make it writable"
            )
        ]
    }

    /// Returns the names of modules, at most three, with the labels of the sources that hold them.
    static func recorded(_ modules: [Module], _ sources: [Source]) -> Finding.Recorded {
        let holders = Set(modules.flatMap(\.sources))
        return Finding.Recorded(
            value: ModuleKey.examples(modules.map(\.key)),
            sources: sources.map(\.label).filter(holders.contains)
        )
    }
}
