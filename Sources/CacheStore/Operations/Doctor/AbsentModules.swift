import SystemPackage

/// Modules of an archive that this user can't use in GOMODCACHE here, and can't add there.
enum AbsentModules {
    /// Returns the modules of a set that have a tree.
    static func modules(of set: MemberSet) -> [ZippedModules.Module] {
        set.trees.filter { !$0.module.isToolchain }.map { tree in
            let labels = set.sourceSets[tree.sources].map { set.sources[$0].label }
            return ZippedModules.Module(key: tree.module, sources: labels)
        }
    }

    /// Returns a finding on the modules that are not in GOMODCACHE here, or that this user can't read there,
    /// if the user can't add them.
    ///
    /// Whether builds need a module can't be told. If some of the modules are there, others that are not may
    /// have been left out on purpose.
    ///
    /// - Throws: ``CacheStoreError`` if the system can't tell.
    static func findings(
        _ modules: [ZippedModules.Module],
        _ sources: [Source],
        _ here: GoEnvironment
    ) throws -> [Finding] {
        let cache = FilePath(here["GOMODCACHE"])
        guard !modules.isEmpty, !cache.isEmpty, here.flags["mod"] != "vendor" else { return [] }
        let absent = try modules.filter { module in
            let tree = cache.pushing(FilePath(module.key.text))
            return try !Access.exists(tree) && !Access.canMake(tree)
        }
        let closed = try modules.filter { try isClosed($0.key, in: cache) }
        guard !absent.isEmpty || !closed.isEmpty else { return [] }
        return [
            Finding(
                code: .absentModules,
                setting: "modules",
                recorded: [ZippedModules.recorded(closed.isEmpty ? absent : closed, sources)],
                here: cache.string,
                severity: closed.isEmpty && absent.count < modules.count ? .note : .unknown,
                loss: closed.isEmpty
                    ? "this user can't find these modules in GOMODCACHE and can't add them there: builds "
                        + "that need them fail"
                    : "this user can't read all files of these modules in GOMODCACHE, or can't lock them "
                        + "where Go must: builds that need them fail",
                mend: "restore the archive there as the owner of GOMODCACHE, or make it writable and readable"
            )
        ]
    }

    /// Returns whether Go fails to read a module that is in GOMODCACHE, as far as a look at a few of its
    /// files tells.
    ///
    /// Go reads the `.mod` file and the tree. It looks for the marker `.partial` first, and locks a module
    /// that has one (Go's cmd/go/internal/modfetch/cache.go, `DownloadDir`, and fetch.go, `download`).
    private static func isClosed(_ module: ModuleKey, in cache: FilePath) throws -> Bool {
        let tree = cache.pushing(FilePath(module.text))
        guard try Access.exists(tree) else { return false }
        let downloads = cache.pushing(FilePath(module.downloadDirectory))
        func download(_ suffix: String) -> FilePath { downloads.appending("\(module.version).\(suffix)") }
        guard try Access.canRead(tree) && Access.canSearch(tree) && Access.canSearch(downloads) else {
            return true
        }
        if try Access.exists(download("mod")) && !Access.canRead(download("mod")) { return true }
        let lock = download("lock")
        if try Access.exists(download("partial"))
            && !(Access.exists(lock) ? Access.canWrite(lock) : Access.canAdd(to: downloads))
        {
            return true
        }
        guard let directory = try Unusable.passedOver(try Directory(opening: tree)),
            let names = try Unusable.passedOver(try directory.names().valid)
        else { return true }
        return try !names.allSatisfy { try Access.canRead(tree.appending($0)) }
    }
}
