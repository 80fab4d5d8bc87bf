import SystemPackage

/// The parts of modules in a GOMODCACHE that a restore does not hold.
///
/// They are what a pack would find there, and more: modules that were being extracted. Everything else stays.
struct ModuleCacheExcess: Sendable {
    /// The parts of one module.
    struct Module: Sendable {
        var key: ModuleKey
        var hasTree = false
        var downloads: [MemberSet.DownloadKind] = []
    }

    /// The modules, in order.
    let modules: [Module]

    /// The directories of downloads that have a list of versions, below GOMODCACHE.
    let versionLists: [String]

    /// The paths of files of the checksum database, below the database's directory.
    let checksumFiles: [String]

    /// The numbers of parts, and their length.
    let figures: Restore.Report.Excess

    /// Finds the parts.
    ///
    /// - Parameters:
    ///   - path: GOMODCACHE.
    ///   - buildCache: GOCACHE, which may lie in it; `nil` if it is not known.
    ///   - set: The members that are restored.
    ///   - needed: The modules that builds need, which stay even if they are not restored; `nil` if they are
    ///     not known. With them, the whole checksum database stays, too.
    ///   - check: Called once per module; an error that it throws ends the work.
    /// - Throws: The error of `check`, or ``CacheStoreError`` as the system says.
    /// - Complexity: The time of listing GOMODCACHE, and the trees that are not held.
    init(
        of path: FilePath,
        apartFrom buildCache: FilePath?,
        without set: MemberSet,
        needed: NamedModules?,
        check: () throws -> Void
    ) throws {
        let scan = try ModuleCacheScan(FileTree(path), apartFrom: buildCache.map { FileTree($0) })
        let held = Set(set.downloads.map(\.key))
        // Go unpacks a zip that is stored.
        let stored = set.downloads.filter { $0.kind == .zip && $0.content != .derived }.map(\.module)
        let (zips, modFiles) = (needed?.zips ?? [], needed?.modFiles ?? [])
        let trees = Set(set.trees.map(\.module)).union(stored).union(zips)
        let root = try Directory(opening: path)
        var found: [ModuleKey: Module] = [:]
        var figures = Restore.Report.Excess()
        for module in scan.trees where !trees.contains(module) {
            try check()
            found[module, default: Module(key: module)].hasTree = true
            figures.modules.append(module.unescaped)
            figures.bytes += try root.directory(at: module.text.pathElements)?.contentBytes() ?? 0
        }
        let zipKeys = scan.zips.map { MemberSet.Download.Key(module: $0, kind: .zip) }
        for key in scan.downloads.map(\.key) + zipKeys where !held.contains(key) {
            try check()
            let isOfModFile = [.mod, .info].contains(key.kind)
            if zips.contains(key.module) || isOfModFile && modFiles.contains(key.module) { continue }
            found[key.module, default: Module(key: key.module)].downloads.append(key.kind)
            figures.downloads += 1
            let name = "\(key.module.version).\(key.kind.rawValue)"
            let directory = try root.directory(at: key.module.downloadDirectory.pathElements)
            figures.bytes += try directory?.status(of: name)?.size ?? 0
        }
        var files: [String] = []
        if needed == nil {
            let held = Set(set.checksumFiles.map { Array($0.path.utf8) })
            for file in scan.checksumFiles where !held.contains(Array(file.path.utf8)) {
                files.append(file.path)
                figures.downloads += 1
                figures.bytes += file.bytes.count
            }
        }
        figures.modules.sort { $0.precedes($1) }
        modules = found.values.sorted { $0.key < $1.key }
        (checksumFiles, self.figures) = (files, figures)
        versionLists = scan.versionLists.map { "\(ModuleCacheLayout.downloadDirectory)/\($0)/@v" }
    }
}

extension ModuleCacheRestore {
    /// Removes what a restore does not hold.
    ///
    /// A tree carries Go's marker while it is removed. Locks stay, because others may wait for them.
    ///
    /// - Throws: ``CacheStoreError`` as the system says, or `CancellationError`.
    func remove(_ excess: ModuleCacheExcess, _ cancellation: WorkerThreads.Cancellation) throws {
        for module in excess.modules {
            try cancellation.check()
            try remove(module, cancellation)
            counters.add(bytes: 0)
        }
        // A restore that was killed here before has left wrong lists, too.
        for path in excess.versionLists {
            try cancellation.check()
            try rewriteVersionList(in: path)
        }
        for path in excess.checksumFiles {
            try remove("\(ModuleCacheLayout.checksumDirectory)/\(path)".pathElements)
        }
    }

    private func remove(
        _ module: ModuleCacheExcess.Module,
        _ cancellation: WorkerThreads.Cancellation
    ) throws {
        let key = module.key
        let downloads = try directory(at: key.downloadDirectory.pathElements)
        try withLock(of: key, in: downloads, cancellation) {
            let marker = "\(key.version).partial"
            if module.hasTree {
                _ = try downloads.creatingFile(marker, mode: profile.moduleFileMode, replacing: true)
                try remove(key.text.pathElements)
            }
            for kind in module.downloads { try downloads.removeAll("\(key.version).\(kind.rawValue)") }
            if module.hasTree { try downloads.removeAll(marker) }
        }
    }

    /// Removes an entry below GOMODCACHE, and the directories above it that are then empty.
    private func remove(_ elements: [String]) throws(CacheStoreError) {
        var (parents, name) = (Array(elements.dropLast()), elements[elements.count - 1])
        guard let parent = try root.directory.directory(at: parents) else { return }
        try parent.removeAll(name)
        while let last = parents.popLast() {
            name = last
            guard let above = try root.directory.directory(at: parents), try above.removeIfEmpty(name) else {
                return
            }
        }
    }

    private func rewriteVersionList(in path: String) throws {
        guard let directory = try root.directory.directory(at: path.pathElements),
            try directory.status(of: "list") != nil
        else { return }
        let bytes = VersionList.bytes(for: try directory.names().valid)
        if bytes.isEmpty { return try directory.removeAll("list") }
        _ = try FilePlacement(mode: profile.moduleFileMode).put(bytes, as: "list", in: directory)
    }
}
