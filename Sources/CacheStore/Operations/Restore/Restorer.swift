import SystemPackage

/// Restores an archive to Go's caches.
///
/// Restoring again does nothing: what is right stays untouched, what is wrong or partial is replaced, what
/// the archive does not hold is left alone. It may be killed at any instant: no file stands half-written
/// under its final name, outputs come before the action entries that refer to them, and a module tree is
/// marked as Go marks it until it is whole.
public struct Restorer: Sendable {
    /// How to restore.
    public let options: RestoreOptions

    /// Creates a restorer.
    public init(options: RestoreOptions = RestoreOptions()) { self.options = options }

    /// Restores an archive.
    ///
    /// - Parameters:
    ///   - archive: The archive.
    ///   - caches: The directories, which are created if they are missing; what is `nil` is not restored.
    ///   - progress: Is told how far the work has come.
    /// - Returns: What was done.
    /// - Throws: ``CacheStoreError`` (``CacheStoreError/Code/corruptArchive`` or
    ///   ``CacheStoreError/Code/unsafePath`` for an archive that can't be trusted,
    ///   ``CacheStoreError/Code/noSpace`` before anything is written where the room does not suffice, or as
    ///   the system says), or `CancellationError` if the task was cancelled.
    /// - Complexity: O(*n*) in the bytes of the members; memory for what lies in GOMODCACHE, four bytes for
    ///   each file that is in GOCACHE and, a thread, two chunks.
    public func run(
        _ archive: Archive,
        into caches: GoCaches,
        progress: ProgressHandler? = nil
    ) async throws -> RestoreReport {
        guard caches.buildCache != nil || caches.moduleCache != nil else {
            throw CacheStoreError(.badArgument, "neither GOCACHE nor GOMODCACHE is to be restored")
        }
        return try await ProgressCounters.reporting(to: progress) { counters in
            try await RestoreOperation(options: options, archive: archive, caches: caches, counters: counters)
                .run()
        }
    }
}

/// One run of a ``Restorer``.
struct RestoreOperation {
    let options: RestoreOptions
    let archive: Archive
    let caches: GoCaches
    let counters: ProgressCounters

    private var threads: Int { WorkerThreads.count(for: options.jobs) }

    func run() async throws -> RestoreReport {
        counters.begin("reading the index", bytes: 0, items: 0)
        let (archive, labels) = (archive, options.only)
        let plan = try await WorkerThreads.perform { try RestorePlan(for: archive.index(), only: labels) }
        let sources = plan.comparableSources.filter { labels?.contains($0.label) ?? true }
        let report = Gathered(RestoreReport(digest: plan.digest))
        let build = try await prepareBuildCache(plan, report)
        let modules = try await prepareModuleCache(plan.set, report)
        try checkRoom(build, modules)
        if let build { try await restore(build) }
        if let modules { try await restore(modules, plan.set.checksumFiles) }
        if options.synchronize { try synchronize([build?.root, modules?.root]) }
        warn(report, sources)
        return report.value
    }

    // MARK: - Preparing

    private func prepareBuildCache(
        _ plan: RestorePlan,
        _ report: Gathered<RestoreReport>
    ) async throws -> (root: Root, work: BuildCacheRestore, need: Int)? {
        guard let path = caches.buildCache else { return nil }
        let root = try await Root.locking(path)
        let (archive, profile, counters) = (archive, options.profile, counters)
        let (work, need) = try await WorkerThreads.perform {
            let work = BuildCacheRestore(
                root: path,
                plan: plan,
                subdirectories: try BuildCacheRestore.subdirectories(of: root.directory, profile: profile),
                time: profile.seals ? BuildCacheLayout.sealTime(for: plan.set.sources) : nil,
                report: report,
                counters: counters
            )
            return (work, try work.neededBytes(archive.index(isChecked: true)))
        }
        return (root, work, need)
    }

    private func prepareModuleCache(
        _ set: MemberSet,
        _ report: Gathered<RestoreReport>
    ) async throws -> (root: Root, work: ModuleCacheRestore)? {
        guard let path = caches.moduleCache else { return nil }
        return (
            try await Root.locking(path),
            ModuleCacheRestore(
                root: path,
                items: ModuleCacheRestore.items(of: set),
                chunks: set.chunks,
                makesZips: options.moduleZips == .make,
                report: report,
                counters: counters
            )
        )
    }

    /// A cache's own directory, locked for as long as it is restored to, so that two restores do not meet.
    private final class Root: Sendable {
        let directory: Directory
        private let lock: File

        private init(_ path: FilePath, _ cancellation: WorkerThreads.Cancellation) throws {
            directory = try Directory.creating(path)
            lock = try directory.lock { try cancellation.check() }
        }

        /// Waits until all that is in its file system is on the disk.
        func synchronize() throws(CacheStoreError) { try lock.synchronizeFileSystem() }

        /// Creates and locks the directory, on a thread of its own: to wait for another restore on one of Swift's
        /// own would keep that other from ever ending.
        static func locking(_ path: FilePath) async throws -> Root {
            let locked = Gathered<Root?>(nil)
            try await WorkerThreads.run(count: 1) { cancellation in
                let root = try Root(path, cancellation)
                locked.update { $0 = root }
            }
            guard let root = locked.value else { throw CancellationError() }
            return root
        }
    }

    private func checkRoom(
        _ build: (root: Root, work: BuildCacheRestore, need: Int)?,
        _ modules: (root: Root, work: ModuleCacheRestore)?
    ) throws(CacheStoreError) {
        var needs: [(path: FilePath, device: UInt64, free: Int, need: Int)] = []
        if let (root, work, need) = build {
            let status = try File(reading: root.directory.path).status()
            try needs.append((work.root, UInt64(status.device), root.directory.freeBytes(), need))
        }
        if let (root, work) = modules {
            let status = try File(reading: root.directory.path).status()
            let need = try work.neededBytes(in: root.directory)
            try needs.append((work.root, UInt64(status.device), root.directory.freeBytes(), need))
        }
        for (path, device, free, _) in needs {
            let need = needs.filter { $0.device == device }.reduce(0) {
                $0.addingReportingOverflow($1.need).partialValue
            }
            guard need >= 0, need <= free else {
                throw CacheStoreError(
                    .noSpace,
                    "not enough room: restoring takes about \(need / 1_000_000) MB, and \(free / 1_000_000) MB are free",
                    path: path,
                    hint: "free some space there, or choose another place"
                )
            }
        }
    }

    // MARK: - Restoring

    private func restore(_ build: (root: Root, work: BuildCacheRestore, need: Int)) async throws {
        let (root, work) = (build.root, build.work)
        let (archive, plan) = (archive, work.plan)
        counters.begin("restoring GOCACHE", bytes: plan.outputBytes, items: plan.outputCount)
        let outputs = try OutputFeed(archive, plan.isWanted)
        try await WorkerThreads.run(count: max(1, min(threads, plan.outputCount))) { cancellation in
            var reader = try ChunkReader(archive)
            while let items = try outputs.next() {
                for item in items {
                    try cancellation.check()
                    try work.restoreOutput(item, with: &reader, cancellation)
                }
            }
        }
        counters.begin(
            "restoring GOCACHE",
            bytes: plan.actionCount * ActionEntry.byteCount,
            items: plan.actionCount
        )
        let actions = try ActionFeed(archive, plan)
        try await WorkerThreads.run(count: max(1, min(threads, plan.actionCount))) { cancellation in
            while let entries = try actions.next() {
                for entry in entries {
                    try cancellation.check()
                    try work.restoreAction(entry)
                }
            }
        }
        try TrimFile.write(in: root.directory, options.profile)
    }

    private func restore(
        _ modules: (root: Root, work: ModuleCacheRestore),
        _ checksumFiles: [MemberSet.ChecksumFile]
    ) async throws {
        let (root, work) = modules
        let (archive, items) = (archive, work.items)
        counters.begin("restoring GOMODCACHE", bytes: items.reduce(0) { $0 + $1.size }, items: items.count)
        try await WorkerThreads.forEach(
            below: items.count,
            threads: threads,
            state: { try ChunkReader(archive) }
        ) { reader, index, cancellation in
            try work.restore(items[index], with: &reader, cancellation)
            work.counters.add(bytes: 0)
        }
        for path in Set(items.map(\.module.downloadDirectory)).sorted() {
            try Task.checkCancellation()
            let directory = try ModuleCacheRestore.enter(path.pathElements, from: root.directory)
            try work.put(VersionList.bytes(for: directory.names().valid), as: "list", in: directory)
        }
        for file in checksumFiles {
            try Task.checkCancellation()
            var elements = "\(ModuleCacheLayout.checksumDirectory)/\(file.path)".pathElements
            guard let name = elements.popLast() else { continue }
            let directory = try ModuleCacheRestore.enter(
                elements,
                from: root.directory
            )
            try work.put(file.bytes, as: name, in: directory)
        }
    }

    private func synchronize(_ roots: [Root?]) throws(CacheStoreError) {
        counters.begin("writing to disk", bytes: 0, items: 0)
        for root in roots { try root?.synchronize() }
    }

    private func warn(_ report: Gathered<RestoreReport>, _ sources: [Source]) {
        // Sources that differ from each other differ from what is here, too.
        var warnings = options.environment == nil ? Compatibility.warnings(among: sources) : []
        var here = options.environment ?? GoEnvironment()
        if let path = caches.moduleCache {
            here.variables["GOMODCACHE"] = path.lexicallyNormalized().string
        }
        warnings += Compatibility.warnings(for: sources, restoredTo: here)
        report.update { $0.warnings += warnings }
    }
}
