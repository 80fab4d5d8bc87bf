import Glibc
import SystemPackage

/// The facts by which a pack tells what its job has used.
///
/// Go marks the entries of GOCACHE that it uses since a restore; see ``RestoreStamp``. Or a program that
/// serves GOCACHE to Go logs them; see ``UseLog``. In GOMODCACHE, nothing is marked or logged. There the
/// `go.sum` files of the checkout name the modules, and the indexes of modules in GOCACHE tell of the others,
/// such as those of a tool that the job has run by its path and version.
struct JobUse: Sendable {
    /// The stamp of GOCACHE.
    let stamp: RestoreStamp.Found

    /// The log that tells which entries were used, in place of the marks; `nil` if the marks tell.
    let log: UseLog?

    /// The rule by which entries of GOCACHE were used.
    let entries: EntryUse

    /// Whether Go, as far as it is known, asks for the indexes of modules.
    let usesIndexes: Bool

    /// The directory of the job's sources.
    let checkout: FilePath

    /// The number of files that name modules, in the checkout or used by its builds.
    let sumFiles: Int

    /// The reason for which Go has not named the files that builds use, in words; `nil` if Go has.
    let moduleDoubt: String?

    private let sums: ModuleSums
    private let caches: GoCaches
    private let environment: GoEnvironment

    /// The paths of GOMODCACHE under which Go may have built.
    private let moduleCaches: Set<FilePath>

    /// Gathers the facts.
    ///
    /// - Parameters:
    ///   - checkout: The directory of the job's sources.
    ///   - modules: The go.sum files that builds in that directory use.
    ///   - caches: The caches that are packed.
    ///   - moduleCaches: The paths of GOMODCACHE under which Go may have built.
    ///   - environment: The environment of the job.
    ///   - debug: The value of GODEBUG for Go itself.
    ///   - log: The log that tells which entries were used; `nil` if their marks tell.
    /// - Throws: ``CacheStoreError`` as the system says.
    init(
        in checkout: FilePath,
        _ modules: BuildModules,
        _ caches: GoCaches,
        builtIn moduleCaches: Set<FilePath>,
        _ environment: GoEnvironment,
        debug: String,
        log: UseLog? = nil
    ) throws(CacheStoreError) {
        var (stamp, entries) = (RestoreStamp.Found.nothing, EntryUse.any)
        if let path = caches.buildCache {
            stamp = try RestoreStamp.find(in: Directory(opening: path))
            if let log {
                entries = .logged(log.actions)
            } else if case .stamp(let stamp) = stamp {
                let owners = try EntryOwners(in: path, markedSince: stamp.earliestUse)
                let unmarkable = owners.unmarkable(whenPackedBy: geteuid())
                entries = .marked(since: stamp.earliestUse, unmarkable: unmarkable)
            }
        }
        (self.stamp, self.entries, self.log) = (stamp, entries, log)
        usesIndexes = GoDebug(debug).usesIndexes
        self.checkout = checkout
        let others = [caches.buildCache, caches.moduleCache, FilePath(environment["GOROOT"])]
        let files = try CheckoutSums(
            of: checkout,
            modules,
            apartFrom: others.compactMap(\.self) + moduleCaches
        )
        sumFiles = files.files.count
        moduleDoubt = modules.doubt
        sums = files.named
        self.caches = caches
        self.environment = environment
        self.moduleCaches = moduleCaches
    }

    /// The time of the restore in seconds since 1970, if its marks tell which entries were used since.
    var restoreTime: Int? { log == nil ? stampTime : nil }

    /// The time of the last restore in seconds since 1970, if there was one that left a stamp.
    private var stampTime: Int? {
        if case .stamp(let stamp) = stamp { stamp.restoreTime } else { nil }
    }

    // MARK: - Modules

    /// A selection of modules.
    struct Modules {
        /// The scan of GOMODCACHE with the modules that are packed.
        var scan: ModuleCacheScan
        /// The number of modules that are not packed, because the job has not used them.
        var unused = 0
        /// The number of modules that are packed although nothing tells whether the job has used them.
        var unknown = 0
    }

    /// Returns a scan of GOMODCACHE without the modules that the job has not used.
    ///
    /// A module is left out if something tells that it was not used: its index was not; or the `go.sum` files
    /// name another version of it; or it was there before the restore, and nothing since has needed it. All
    /// others that no `go.sum` names are kept, for example those of a tool that another Go has built. If Go
    /// asks for no indexes, nothing tells of a module that no `go.sum` names, and all are kept.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func selecting(from scan: ModuleCacheScan) throws(CacheStoreError) -> Modules {
        let modules = scan.trees.union(scan.zips)
        var index = try indexed(modules)
        index.versions.insert(environment["GOVERSION"])
        let named = Set(sums.all.map(\.path))
        var others = index.used.subtracting(sums.zips)
        for module in modules where !sums.zips.contains(module) && !index.used.contains(module) {
            if module.isToolchain || module.isSnapshotOfGo {
                if isUsedByGo(module, index.versions) { others.insert(module) }
            } else if !index.known.contains(module), !named.contains(module.path), try isNew(module) {
                others.insert(module)
            }
        }
        let modFiles = sums.modFiles.union(scan.modFilesNeeded(by: others))
        let (kept, unused) = scan.keeping(sums.zips.union(others), modFilesOf: modFiles)
        return usesIndexes ? Modules(scan: kept, unused: unused) : Modules(scan: scan, unknown: unused)
    }

    /// Returns whether a module has come with the restore or since; without a restore, any has.
    private func isNew(_ module: ModuleKey) throws(CacheStoreError) -> Bool {
        guard let stampTime, let path = caches.moduleCache else { return true }
        let root = try Directory(opening: path)
        do throws(CacheStoreError) {
            let elements = module.downloadDirectory.pathElements.map { String($0) }
            guard let directory = try root.directory(at: elements),
                let status = try directory.status(of: "\(module.version).mod")
            else { return true }
            return status.modified >= stampTime - RestoreStamp.tolerance
        } catch {
            if error.isOfMachine { throw error }
            return true
        }
    }

    /// Returns what the indexes of modules in GOCACHE tell.
    ///
    /// Go asks for the index of a module whenever it loads a package of the module
    /// (cmd/go/internal/modindex/read.go, `GetModule`).
    ///
    /// - Returns: The modules of which Go has used or made an index; those of which it is known whether Go
    ///   has; and the versions of Go that have used or made one.
    private func indexed(
        _ modules: Set<ModuleKey>
    ) throws(CacheStoreError) -> (used: Set<ModuleKey>, known: Set<ModuleKey>, versions: Set<String>) {
        guard let path = caches.buildCache else { return ([], [], []) }
        let cache = try Directory(opening: path)
        let toolchains = modules.compactMap(Self.version(ofToolchain:))
        var versions = Set(
            try GoRoots.found(environment).map(\.version) + [environment["GOVERSION"]] + toolchains
        )
        if case .stamp(let stamp) = stamp { versions.formUnion(stamp.versions) }
        // Without a module that no go.sum names, the versions tell nothing.
        if entries != .any, !modules.subtracting(sums.zips).isEmpty {
            versions.formUnion(try BuilderVersions.found(in: path, usedBy: entries))
        }
        let roots = Set(moduleCaches.map(\.string))
        var (used, known, users): (Set<ModuleKey>, Set<ModuleKey>, Set<String>) = ([], [], [])
        for version in versions where !version.isEmpty {
            let keys = IndexKeys(versions: [version])
            for module in modules {
                for id in keys.modules([module.text], below: roots) {
                    guard let isUsed = try isUsed(id, in: cache) else { continue }
                    known.insert(module)
                    if isUsed {
                        used.insert(module)
                        users.insert(version)
                    }
                }
            }
        }
        // If Go has used no index, it may have built under another path, of which nothing is known here.
        return (used, used.isEmpty ? [] : known, users)
    }

    /// Returns whether an entry was used, or `nil` if nothing tells.
    private func isUsed(_ id: ObjectID, in cache: borrowing Directory) throws(CacheStoreError) -> Bool? {
        // A log names all that Go has asked for and got, so Go has not used an index that it does not name.
        if let log { return log.actions.contains(id) }
        do throws(CacheStoreError) {
            let name = BuildCacheLayout.name(ofAction: id)
            guard let directory = try cache.directory(BuildCacheLayout.subdirectory(Int(id.firstByte))),
                let file = name.pathElements.last, let status = try directory.status(of: file)
            else { return nil }
            return entries.judgement(of: id, status) != .unused
        } catch {
            if error.isOfMachine { throw error }
            return nil
        }
    }

    /// Returns whether a module is one that Go takes from GOMODCACHE without a `go.sum`: the toolchain that
    /// runs, or the cryptography of GOFIPS140.
    private func isUsedByGo(_ module: ModuleKey, _ versions: Set<String>) -> Bool {
        if module.isSnapshotOfGo {
            return !environment.isKnown || !["", "off", "latest"].contains(environment["GOFIPS140"])
        }
        guard let version = Self.version(ofToolchain: module) else { return false }
        return !environment.isKnown || versions.contains(version)
            || environment["GOROOT"].hasSuffix("/\(module.text)")
    }

    /// Returns the version of a toolchain, for example `go1.25.5` of
    /// `golang.org/toolchain@v0.0.1-go1.25.5.linux-amd64`.
    private static func version(ofToolchain module: ModuleKey) -> String? {
        guard module.isToolchain, let start = module.version.firstIndex(of: "-"),
            let end = module.version.lastIndex(of: "."), start < end
        else { return nil }
        return String(module.version[module.version.index(after: start)..<end])
    }
}
