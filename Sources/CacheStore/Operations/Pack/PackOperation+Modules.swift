import SystemPackage

/// The reading of GOMODCACHE.
extension PackOperation {
    /// The facts about GOMODCACHE that are known when its trees have been read.
    struct Modules {
        /// The files, as they were found.
        var scan: ModuleCacheScan

        /// The files without those of trees that another process has removed meanwhile.
        var settled: ModuleCacheScan

        /// The trees that are those of their hashes.
        var trees: [ModuleKey: TreeSurvey]

        /// The trees that a base has or that patterns exclude, and that are not read.
        var known: [ModuleKey: UnreadTree]

        /// The modules whose trees are those of their hashes, or are taken for those.
        var sound: Set<ModuleKey> { Set(trees.keys).union(known.keys) }
    }

    /// Reads GOMODCACHE, without its zips.
    ///
    /// - Parameters:
    ///   - assembly: The pack, to which the trees are added.
    ///   - use: The facts that tell which modules the job has used; `nil` for all.
    ///   - known: The members that are not read; `nil` for none.
    /// - Returns: The modules, for ``readZips(of:into:_:)``; `nil` without a GOMODCACHE.
    /// - Throws: ``CacheStoreError`` if the machine is at fault, or `CancellationError`.
    func readModuleCache(
        into assembly: inout PackAssembly,
        _ use: JobUse?,
        _ known: KnownMembers?
    ) async throws -> Modules? {
        guard let root = caches.moduleCache else { return nil }
        counters.begin("scanning", bytes: 0, items: 0)
        let selection = try await WorkerThreads.perform { [caches] in
            let scan = try ModuleCacheScan(root, apartFrom: caches.buildCache)
            return try use?.selecting(from: scan) ?? JobUse.Modules(scan: scan)
        }
        let scan = selection.scan
        assembly.unusedModules = selection.unused
        assembly.unknownModules = selection.unknown
        let modules = scan.trees.subtracting(scan.partial).sorted()
        let unread = try await listTrees(of: modules, in: scan, known)
        let trees = try await readTrees(of: modules.filter { unread[$0] == nil }, in: scan, into: &assembly)
        let (settled, removed) = try await WorkerThreads.perform {
            var settled = scan
            let removed = try settled.removed(of: Array(trees.keys) + Array(unread.keys), in: root)
            return (settled, removed)
        }
        let found = Modules(
            scan: scan,
            settled: settled,
            trees: trees.filter { !removed.contains($0.key) },
            known: unread.filter { !removed.contains($0.key) }
        )
        for module in modules {
            if let tree = found.known[module] {
                assembly.add(tree)
            } else if let survey = found.trees[module], !survey.travelsAsZip {
                assembly.add(survey, of: module, root: root)
            }
        }
        return found
    }

    /// Returns the modules that patterns exclude.
    ///
    /// With ``Pack/Options/rechecks``, their trees are read all the same.
    func excludedModules(among modules: [ModuleKey]) -> [ModuleKey] {
        guard options.hasPatterns, !options.rechecks else { return [] }
        var filter = NameFilter(options.included, options.excluded)
        return modules.filter { !filter.isKept($0) }
    }

    /// Lists the trees of modules that a base has or that patterns exclude, and returns those that need not
    /// be read.
    private func listTrees(
        of modules: [ModuleKey],
        in scan: ModuleCacheScan,
        _ known: KnownMembers?
    ) async throws -> [ModuleKey: UnreadTree] {
        guard let root = caches.moduleCache else { return [:] }
        let excluded = Set(excludedModules(among: modules))
        guard known != nil || !excluded.isEmpty else { return [:] }
        let trees = Gathered<[ModuleKey: UnreadTree]>([:])
        try await WorkerThreads.forEach(below: modules.count, threads: threads, state: { () }) {
            _,
            index,
            _ in
            let module = modules[index]
            guard let h1 = scan.hashes[module] else { return }
            let hasZip = scan.zips.contains(module)
            let tree =
                try known?.tree(of: module, h1: h1, in: root, hasZip: hasZip)
                ?? (excluded.contains(module) ? UnreadTree(listing: module, h1: h1, in: root) : nil)
            if let tree { trees.update { $0[module] = tree } }
        }
        return trees.value
    }

    /// Reads trees, and notes those that can't be packed.
    ///
    /// - Returns: The trees that are those of their hashes.
    private func readTrees(
        of modules: [ModuleKey],
        in scan: ModuleCacheScan,
        into assembly: inout PackAssembly
    ) async throws -> [ModuleKey: TreeSurvey] {
        guard let root = caches.moduleCache else { return [:] }
        counters.begin("reading", bytes: 0, items: modules.count)
        let trees = Gathered<[ModuleKey: TreeSurvey]>([:])
        let faults = Gathered<[LeftOut]>([])
        let (counters, early) = (counters, early)
        try await WorkerThreads.forEach(
            below: modules.count,
            threads: threads,
            state: { StreamCutter(EarlyFrames.Worker(early)) }
        ) { cutter, index, _ in
            let module = modules[index]
            do {
                let survey = try TreeSurvey.read(module, in: root, &cutter)
                let hash = try scan.hashes[module] ?? snapshotHash(of: module, survey)
                if hash == survey.h1 {
                    trees.update { $0[module] = survey }
                } else {
                    let path = root.path(below: module.text)
                    let fault =
                        hash == nil
                        ? "there is no sound .ziphash for it" : "its files are not those of its .ziphash"
                    faults.update { $0.append(LeftOut(.wrongModuleHash, path, fault)) }
                }
                counters.add(bytes: survey.stream.size)
            } catch let fault as TreeListing.Fault {
                faults.update { $0.append(fault.leftOut) }
            }
        }
        assembly.leaveOut(faults.value)
        return trees.value
    }

    /// Reads the trees of which Go has made indexes that no base has, and drops those that are wrong.
    ///
    /// Go uses an index for the published module, so it must not be that of a tree that somebody has changed.
    ///
    /// - Parameters:
    ///   - indexes: The IDs of the new entries of each module.
    ///   - modules: The modules, of which the wrong ones are taken out.
    ///   - assembly: The pack, from which the wrong trees are taken out.
    /// - Returns: The entries that are those of wrong trees.
    /// - Throws: ``CacheStoreError`` if the machine is at fault, or `CancellationError`.
    func readTrees(
        indexedAnew indexes: [ModuleKey: Set<ObjectID>],
        _ modules: inout Modules,
        into assembly: inout PackAssembly
    ) async throws -> Set<ObjectID> {
        guard !indexes.isEmpty else { return [] }
        let sound = try await readTrees(of: indexes.keys.sorted(), in: modules.scan, into: &assembly)
        let wrong = indexes.filter { sound[$0.key] == nil }
        assembly.remove(trees: modules.known.filter { wrong[$0.key] != nil })
        for module in wrong.keys { modules.known[module] = nil }
        return wrong.values.reduce(into: []) { $0.formUnion($1) }
    }

    /// Reads the zips of GOMODCACHE, when all other members are known.
    ///
    /// - Parameters:
    ///   - modules: The modules; `nil` for none.
    ///   - assembly: The pack, to which all downloads are added.
    ///   - known: The members that are not read; `nil` for none.
    /// - Returns: The modules that travel as zips because of their names.
    /// - Throws: ``CacheStoreError`` if the machine is at fault, or with code
    ///   ``CacheStoreError/Code/damagedCache`` for zips that no archive may hold; or `CancellationError`.
    func readZips(
        of modules: Modules?,
        into assembly: inout PackAssembly,
        _ known: KnownMembers?
    ) async throws -> [ModuleKey] {
        guard let modules, let root = caches.moduleCache else { return [] }
        let (scan, trees) = (modules.scan, modules.trees)
        let faults = Gathered<[LeftOut]>([])
        let unread = try await WorkerThreads.perform {
            var unread: [ModuleKey: MemberSet.Download.Content] = [:]
            guard let known else { return unread }
            for module in scan.zips.subtracting(modules.sound) {
                unread[module] = try scan.hashes[module].flatMap {
                    try known.storedZip(of: module, h1: $0, in: root)
                }
            }
            return unread
        }
        let read = scan.zips.subtracting(modules.sound).subtracting(unread.keys)
        let zips = try await readZips(read, scan, trees, faults, besides: assembly.chunks)
        assembly.leaveOut(faults.value)
        let snapshots = trees.filter { scan.hashes[$0.key] == nil }
        assembly.add(
            modules.settled.addingHashes(of: snapshots.mapValues(\.h1)),
            zips: zips,
            known: unread
        )
        return zips.filter(\.value.holdsWhiteout).keys.sorted()
    }

    /// Returns the hash that a snapshot of Go's cryptography must have: that of its zip in GOROOT.
    ///
    /// Go unpacks the snapshot itself and records no hash up to Go 1.26. If GOROOT has no such zip, nothing
    /// can tell whether the tree is right, and the tree's own hash is taken.
    ///
    /// - Returns: The hash, or `nil` if the module is not such a snapshot.
    private func snapshotHash(of module: ModuleKey, _ survey: TreeSurvey) throws -> ObjectID? {
        guard module.isSnapshotOfGo else { return nil }
        let goRoot = options.environment["GOROOT"]
        let zip = FilePath(goRoot).appending("lib/fips140/\(module.version).zip")
        do {
            return goRoot.isEmpty ? survey.h1 : try ModuleZip.h1(of: File(reading: zip), module: module)
        } catch let error as CacheStoreError where error.code == .notFound {
            return survey.h1
        } catch is ZipError {
            return survey.h1
        }
    }

    /// Reads the zips that cannot be made again from a tree, and makes those of trees that can't be packed.
    private func readZips(
        _ read: Set<ModuleKey>,
        _ scan: ModuleCacheScan,
        _ trees: [ModuleKey: TreeSurvey],
        _ faults: Gathered<[LeftOut]>,
        besides chunks: [ChunkRecord]
    ) async throws -> [ModuleKey: PackedZip] {
        guard let root = caches.moduleCache else { return [:] }
        let made = trees.filter(\.value.travelsAsZip)
        try await checkRoom(for: read.subtracting(made.keys).sorted(), in: root, besides: chunks)
        let modules = read.union(made.keys).sorted()
        let zips = Gathered<[ModuleKey: PackedZip]>([:])
        let archive = path
        try await WorkerThreads.forEach(below: modules.count, threads: threads, state: { StreamCutter() }) {
            cutter,
            index,
            _ in
            let module = modules[index]
            let zip = ModuleCacheLayout.zip(of: module)
            let path = root.path(below: made[module] == nil ? zip : module.text)
            do {
                let packed =
                    if let tree = made[module], let archive {
                        try PackedZip(making: tree, in: root, of: module, beside: archive, &cutter)
                    } else if let tree = made[module] {
                        try PackedZip(measuring: tree, in: root, of: module, &cutter)
                    } else {
                        try PackedZip(zip, in: root, of: module, h1: scan.hashes[module], &cutter)
                    }
                zips.update { $0[module] = packed }
            } catch let error as CacheStoreError {
                let leftOut = try LeftOut(error, path)
                faults.update { $0.append(leftOut) }
            } catch let error as ZipError {
                faults.update { $0.append(LeftOut(.wrongModuleHash, path, "\(error)")) }
            }
        }
        return zips.value
    }
}
