import SystemPackage

/// A look at what a restore would do, which changes nothing.
///
/// Files that are there are compared as a restore compares them. Of the archive, content is read only where a
/// module tree that is there is wrong.
struct RestorePreview: Sendable {
    let operation: RestoreOperation
    private let report: Gathered<Restore.Report>
    private let planned: RestoreOperation.Plan

    private var archive: Archive { operation.archive }
    private var counters: ProgressCounters { operation.counters }
    private var plan: RestorePlan { planned.plan }

    /// Plans the restore.
    ///
    /// - Throws: The errors of ``RestoreOperation/plan()``.
    init(_ operation: RestoreOperation) async throws {
        self.operation = operation
        planned = try await operation.plan()
        report = Gathered(
            Restore.Report(digest: planned.digest, archiveDigest: planned.plan.archiveDigest)
        )
    }

    /// Compares the files, and returns the report that the restore would make.
    func run() async throws -> Restore.Report {
        if let path = operation.caches.buildCache { try await look(atBuildCache: path) }
        if let path = operation.caches.moduleCache { try await look(atModuleCache: path) }
        if operation.options.removesExcess { try await countExcess() }
        let hasEntries = operation.caches.buildCache != nil && plan.actionCount > 0
        operation.addWarnings(planned, to: report, hasEntries: hasEntries)
        return report.value
    }

    // MARK: - GOCACHE

    /// The directory of GOCACHE that was looked at last; entries come in the order of their IDs.
    private struct LastSubdirectory: ~Copyable {
        let root: Directory?
        var index = -1
        var directory: Directory?

        /// Opens the directory of an entry, and returns the status of the entry; `nil` if it is not there.
        mutating func status(of name: String, _ id: ObjectID) throws -> FileStatus? {
            if Int(id.firstByte) != index {
                index = Int(id.firstByte)
                directory = try root?.directory(BuildCacheLayout.subdirectory(index))
            }
            return try directory?.status(of: name)
        }
    }

    private func look(atBuildCache path: FilePath) async throws {
        let (plan, archive, report, counters) = (plan, archive, report, counters)
        counters.begin("comparing GOCACHE", bytes: plan.outputBytes, items: plan.outputCount)
        let outputs = try OutputFeed(archive, plan.isWanted)
        try await WorkerThreads.run(count: operation.threads) { cancellation in
            var last = LastSubdirectory(root: try Directory.existing(path))
            while let items = try outputs.next() {
                for item in items {
                    try cancellation.check()
                    let outcome = try Self.outcome(of: item, &last)
                    report.update {
                        $0.outputs.count(outcome)
                        if outcome != .untouched { $0.bytesWritten += item.output.size }
                    }
                    counters.add(bytes: item.output.size)
                }
            }
        }
        let actions = try ActionFeed(archive, plan)
        try await WorkerThreads.run(count: operation.threads) { cancellation in
            var last = LastSubdirectory(root: try Directory.existing(path))
            while let items = try actions.next() {
                for item in items {
                    try cancellation.check()
                    let outcome = try Self.outcome(of: item.entry, &last)
                    report.update {
                        $0.actions.count(outcome)
                        if outcome != .untouched { $0.bytesWritten += ActionEntry.byteCount }
                    }
                }
            }
        }
    }

    private static func outcome(
        of item: OutputFeed.Item,
        _ last: inout LastSubdirectory
    ) throws -> PutOutcome {
        let output = item.output
        let name = BuildCacheLayout.fileName(ofOutput: output.id)
        guard let status = try last.status(of: name, output.id) else { return .created }
        let content = StreamWriter(id: output.id, size: output.size, chunks: [])
        let isRight = try last.directory?.holds(content, name, status, output.executable)
        return isRight == true ? .untouched : .replaced
    }

    private static func outcome(
        of entry: ActionEntry,
        _ last: inout LastSubdirectory
    ) throws -> PutOutcome {
        let name = "\(entry.action)-a"
        guard let status = try last.status(of: name, entry.action) else { return .created }
        let isRight = try last.directory?.holds(entry, name, status)
        return isRight == true ? .untouched : .replaced
    }

    // MARK: - GOMODCACHE

    private func look(atModuleCache path: FilePath) async throws {
        let items = ModuleCacheRestore.items(of: plan.set)
        counters.begin("comparing GOMODCACHE", bytes: items.reduce(0) { $0 + $1.size }, items: items.count)
        let (archive, counters) = (archive, counters)
        let work = try CacheRoot.existing(path).map { root in
            operation.prepare(root, plan.set, RestoreDamage(isSkipped: false), report)
        }
        let look = ModuleCacheLook(
            work: work,
            options: operation.options,
            chunks: plan.set.chunks,
            report: report
        )
        try await WorkerThreads.forEach(
            below: items.count,
            threads: operation.threads,
            state: { try ChunkReader(archive) }
        ) { reader, index, cancellation in
            try look.look(at: items[index], with: &reader) { try cancellation.check() }
            counters.add(bytes: items[index].size)
        }
        try await WorkerThreads.perform { [plan] in
            try look.lookAtLists(of: items)
            for file in plan.set.checksumFiles { try look.look(at: file) }
        }
        guard let modules = operation.options.modules else { return }
        let isPartial = operation.restoresInPart
        try await WorkerThreads.perform { [report] in
            let missing = modules.absent(from: plan.set)
            let absent = try work == nil ? missing : ModuleCachePresence(path).absent(of: missing)
            report.update {
                $0.absentModules = absent
                $0.warnings += modules.warnings
                if let warning = absent.absenceWarning(from: [archive.path], restoredInPart: isPartial) {
                    $0.warnings.append(warning)
                }
            }
        }
    }

    // MARK: - The rest

    private func countExcess() async throws {
        let (archive, plan, operation) = (archive, plan, operation)
        let caches = operation.caches
        let excess = try await WorkerThreads.performCancellable { cancellation in
            var result = Restore.Report.Excess()
            if let path = caches.buildCache, try Directory.existing(path) != nil {
                let excess = BuildCacheExcess(path: path, archive: archive, plan: plan)
                result = try excess.run(isPreview: true) { try cancellation.check() }
            }
            if let path = caches.moduleCache, try Directory.existing(path) != nil {
                let excess = try ModuleCacheExcess(
                    of: path,
                    apartFrom: caches.buildCache,
                    without: plan.set,
                    needed: operation.options.modules
                ) {
                    try cancellation.check()
                }
                result = result + excess.figures
            }
            return result
        }
        report.update { $0.excess = excess }
    }
}

extension Directory {
    /// Returns whether an output is right; an executable is the only file of a directory.
    fileprivate func holds(
        _ content: StreamWriter,
        _ name: String,
        _ status: FileStatus,
        _ executable: String?
    ) throws -> Bool {
        guard let executable else { return try content.isRight(name, status, in: self) }
        return try content.rightDirectory(name, status, holding: executable, in: self) != nil
    }

    /// Returns whether an action entry is right.
    fileprivate func holds(_ entry: ActionEntry, _ name: String, _ status: FileStatus) throws -> Bool {
        try BuildCacheRestore.isRight(name, status, entry, in: self)
    }
}
