import Glibc
import SystemPackage

/// One run of a ``Restore``.
///
/// A restore opens the index four times: to plan, to add up the needed space, to feed outputs to its threads,
/// and to feed action entries to them. Each pass goes through the rows once, because an index of millions of
/// rows is not kept in memory. Only the first pass hashes the index.
struct RestoreOperation {
    let options: Restore.Options
    let archive: Archive
    let caches: GoCaches
    let counters: ProgressCounters

    /// The stamp of this restore, with which a cache that is not sealed is left.
    private let stamp = RestoreStamp(restoredAt: time(nil))

    /// Whether labels or patterns choose the members that are restored.
    var restoresInPart: Bool {
        options.only != nil || !options.included.isEmpty || !options.excluded.isEmpty
    }

    var threads: Int { WorkerThreads.count(for: options.jobs) }

    init(options: Restore.Options, archive: Archive, caches: GoCaches, counters: ProgressCounters) {
        self.options = options
        self.archive = archive
        self.caches = caches
        self.counters = counters
    }

    /// The members that are restored, and their digest.
    struct Plan: Sendable {
        var plan: RestorePlan
        var digest: ObjectID
        /// The members that patterns keep; `nil` without patterns.
        var selection: PatternSelection?
    }

    /// Reads the index, and decides what is restored.
    func plan() async throws -> Plan {
        let (archive, labels, modules, caches) = (archive, options.only, options.modules, caches)
        let becomesLayer = options.profile == .image
        let selection = try await PatternSelection(
            of: archive,
            only: options.only,
            options.included,
            options.excluded,
            toleratesDamage: options.skipsDamaged,
            jobs: options.jobs,
            counters
        )
        counters.begin("reading the index", bytes: 0, items: 0)
        return try await WorkerThreads.performCancellable { cancellation in
            let plan = try RestorePlan(
                for: archive.index(),
                only: labels,
                modules,
                selection,
                becomesLayer: becomesLayer
            )
            if let modules { try SumComparison(of: plan.set, with: modules, in: archive.path).check() }
            let digest = try plan.digest(archive.index(isChecked: true), restoring: caches)
            // The digest that is reported is computed and not believed.
            let whole = plan.isWhole(caches) ? digest : try archive.digest(archive.index(isChecked: true))
            guard whole == plan.archiveDigest else { throw archive.wrongDigest }
            if caches.moduleCache != nil {
                try plan.zips.check(with: ChunkReader(archive)) { try cancellation.check() }
            }
            let result = Plan(plan: plan, digest: digest, selection: selection)
            if options.removesExcess { try checkRemoval(result) }
            return result
        }
    }

    func run() async throws -> Restore.Report {
        let planned = try await plan()
        let (plan, modules) = (planned.plan, options.modules)
        let report = Gathered(Restore.Report(digest: planned.digest, archiveDigest: plan.archiveDigest))
        let damage = RestoreDamage(isSkipped: options.skipsDamaged)
        let roots = try await CacheRoot.locking(caches, counters)
        let build: BuildCacheRestore? =
            if let root = roots.build { try await prepare(root, plan, damage, report) } else { nil }
        let work = roots.module.map { prepare($0, plan.set, damage, report) }
        try checkRoom(build, work)
        try await WorkerThreads.perform { [archive] in
            try archive.prepare {
                try (build?.absentChunks(archive.index(isChecked: true)) ?? []) + (work?.absentChunks() ?? [])
            }
        }
        if let build { try await restore(build) }
        if let work { try await restore(work, plan.set.checksumFiles) }
        if options.removesExcess { try await removeExcess(plan, build, work, report) }
        if !damage.isEmpty { try await noteDamage(damage.members, plan, report) }
        if let modules, let work { try await noteAbsence(of: modules, work, plan.set) }
        if options.synchronize { try await synchronize([build?.root, work?.root].compactMap(\.self)) }
        addWarnings(planned, to: report, hasEntries: build != nil && plan.actionCount > 0)
        if let figures = archive.remoteFigures {
            report.update { ($0.fetchedBytes, $0.requests) = (figures.bytes, figures.requests) }
        }
        return report.value
    }

    /// Refuses to empty a cache of which nothing is restored, or to remove what a pattern was meant to keep.
    private func checkRemoval(_ planned: Plan) throws(CacheStoreError) {
        let (plan, set) = (planned.plan, planned.plan.set)
        func refuse(_ message: String, _ path: FilePath?, _ remedy: Remedy) throws(CacheStoreError) {
            throw CacheStoreError(.badArgument, message, path: path, remedy: remedy)
        }
        let unmatched = options.included.filter { planned.selection?.unmatched.contains($0) ?? false }
        if let glob = unmatched.min(by: { $0.pattern.precedes($1.pattern) }) {
            let cause = "no module and no package matches the pattern `\(glob.pattern)`"
            try refuse("\(cause), so what it means would be removed", nil, .checkPattern)
        }
        if let path = caches.buildCache, plan.actionCount == 0 {
            let message = "nothing is restored to GOCACHE, so all of it would be removed"
            try refuse(message, path, .leaveBuildCache)
        }
        let hasModules = !set.trees.isEmpty || set.downloads.contains { $0.kind == .zip }
        if let path = caches.moduleCache, options.modules == nil, !hasModules {
            let message = "no module is restored to GOMODCACHE, so all of them would be removed"
            try refuse(message, path, .leaveModuleCache)
        }
    }

    /// Adds the warnings that do not depend on the files that are there.
    func addWarnings(_ planned: Plan, to report: Gathered<Restore.Report>, hasEntries: Bool) {
        let labels = options.only
        let sources = planned.plan.comparableSources.filter { labels?.contains($0.label) ?? true }
        report.update { report in
            report.warnings += (planned.selection?.warnings ?? []) + warnings(sources)
            report.nothingHits =
                options.warnsOfMisses && hasEntries && Compatibility.nothingHits(of: sources, at: here)
        }
    }

    // MARK: - Preparing

    private func prepare(
        _ root: CacheRoot,
        _ plan: RestorePlan,
        _ damage: RestoreDamage,
        _ report: Gathered<Restore.Report>
    ) async throws -> BuildCacheRestore {
        for name in plan.whiteouts.values.sorted(by: { $0.precedes($1) }) {
            let cause = "the name of the program `\(name)` begins with `.wh.`"
            let loss = "the layer of an image would lose it, so it is left out, and Go links it again"
            let warning = Warning(code: .whiteoutName, message: "\(cause): \(loss)")
            report.update { $0.warnings.append(warning) }
        }
        let (archive, profile, counters, stamp) = (archive, options.profile, counters, stamp)
        return try await WorkerThreads.perform {
            var work = BuildCacheRestore(
                root: root,
                plan: plan,
                subdirectories: try Subdirectories(of: root, profile: profile),
                times: profile.seals
                    ? .sealed(BuildCacheLayout.sealTime(for: plan.set.sources)) : .stamped(stamp),
                damage: damage,
                report: report,
                counters: counters
            )
            try work.addUpNeededBytes(archive.index(isChecked: true))
            return work
        }
    }

    func prepare(
        _ root: CacheRoot,
        _ set: MemberSet,
        _ damage: RestoreDamage,
        _ report: Gathered<Restore.Report>
    ) -> ModuleCacheRestore {
        ModuleCacheRestore(
            root: root,
            items: ModuleCacheRestore.items(of: set),
            chunks: set.chunks,
            profile: options.profile,
            makesZips: options.moduleZips == .make,
            keepsInfo: options.modules != nil,
            leavesTreesWritable: options.leavesTreesWritable,
            damage: damage,
            report: report,
            counters: counters
        )
    }

    /// The space that a cache needs on its file system.
    private struct Need {
        var path: FilePath
        var device: UInt64
        var bytes: Int
        var free: Int

        init(_ root: CacheRoot, bytes: Int) throws(CacheStoreError) {
            path = root.path
            device = root.device
            free = try root.directory.freeBytes()
            self.bytes = bytes
        }
    }

    private func checkRoom(
        _ build: BuildCacheRestore?,
        _ modules: ModuleCacheRestore?
    ) throws(CacheStoreError) {
        var needs: [Need] = []
        if let build { needs.append(try Need(build.root, bytes: build.neededBytes)) }
        if let modules { needs.append(try Need(modules.root, bytes: modules.neededBytes())) }
        for need in needs {
            let bytes = needs.filter { $0.device == need.device }
                .reduce(0) { $0.addingReportingOverflow($1.bytes).partialValue }
            guard bytes >= 0, bytes <= need.free else {
                throw .noRoom(to: "restore", needed: bytes, free: need.free, need.path)
            }
        }
    }

    // MARK: - Restoring

    private func restore(_ work: BuildCacheRestore) async throws {
        let (archive, plan) = (archive, work.plan)
        counters.begin("restoring GOCACHE", bytes: plan.outputBytes, items: plan.outputCount)
        let outputs = try OutputFeed(archive, plan.isWanted)
        try await ReadingCrew.run(
            count: max(1, min(threads, max(plan.outputCount, plan.outputBytes / ChunkReader.sharedSize))),
            counters,
            state: { try ChunkReader(archive) }
        ) { reader, crew in
            while let items = try outputs.next() {
                for item in items {
                    try crew.cancellation.check()
                    try work.restoreOutput(item, with: &reader, crew)
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
                    try work.restoreAction(entry.entry, of: entry.output)
                }
            }
        }
        let (profile, stamp) = (options.profile, stamp)
        try await WorkerThreads.perform { try TrimFile.write(in: work.root.directory, profile) }
        if profile.seals {
            try await WorkerThreads.perform { try RestoreStamp.remove(from: work.root.directory) }
        } else {
            try await work.stampOtherEntries(threads: threads)
            let versions = Set(work.plan.set.sources.map { $0.environment["GOVERSION"] }).subtracting([""])
            try await WorkerThreads.perform {
                var stamp = stamp
                stamp.versions = versions
                if case .stamp(let older) = try RestoreStamp.find(in: work.root.directory) {
                    stamp.versions.formUnion(older.versions)
                }
                try stamp.write(in: work.root.directory)
            }
        }
    }

    private func restore(
        _ work: ModuleCacheRestore,
        _ checksumFiles: [MemberSet.ChecksumFile]
    ) async throws {
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
        // Threads add them in any order.
        work.report.update { report in
            report.warnings.sort {
                $0.code == $1.code
                    ? $0.message.precedes($1.message) : $0.code.rawValue.precedes($1.code.rawValue)
            }
        }
        let lists = Set(items.map(\.module.downloadDirectory)).sorted { $0.precedes($1) }
        counters.begin("restoring GOMODCACHE", bytes: 0, items: lists.count + checksumFiles.count)
        try await WorkerThreads.performCancellable { [caches] cancellation in
            for path in lists {
                try cancellation.check()
                try work.restoreVersionList(in: path)
            }
            for file in checksumFiles {
                try cancellation.check()
                try work.restore(file)
            }
            try work.setModes(apartFrom: caches.buildCache, cancellation)
        }
    }

    /// Removes what the restore does not hold.
    private func removeExcess(
        _ plan: RestorePlan,
        _ build: BuildCacheRestore?,
        _ modules: ModuleCacheRestore?,
        _ report: Gathered<Restore.Report>
    ) async throws {
        counters.begin("removing the rest", bytes: 0, items: 0)
        let (archive, caches, needed) = (archive, caches, options.modules)
        try await WorkerThreads.performCancellable { cancellation in
            if let build {
                let excess = BuildCacheExcess(path: build.root.path, archive: archive, plan: plan)
                let figures = try excess.run(isPreview: false) { try cancellation.check() }
                report.update { $0.excess = $0.excess + figures }
            }
            if let modules {
                let excess = try ModuleCacheExcess(
                    of: modules.root.path,
                    apartFrom: caches.buildCache,
                    without: plan.set,
                    needed: needed
                ) {
                    try cancellation.check()
                }
                try modules.remove(excess, cancellation)
                report.update { $0.excess = $0.excess + excess.figures }
            }
        }
    }

    /// Reports the members that were left out, and the digest of the others.
    private func noteDamage(
        _ damaged: DamagedMembers,
        _ plan: RestorePlan,
        _ report: Gathered<Restore.Report>
    ) async throws {
        let (archive, caches) = (archive, caches)
        let (digest, list) = try await WorkerThreads.perform {
            let index = try archive.index(isChecked: true)
            let list = try damaged.list(entries: plan.entries(of: damaged, in: index)) {
                try index.output($0).id
            }
            return (try plan.digest(index, restoring: caches, without: damaged), list)
        }
        report.update { report in
            report.digest = digest
            report.leftOut = list
            report.warnings += list.map { $0.warning(in: archive.path) }
        }
    }

    /// Reports the modules that were to be restored and that are not there.
    private func noteAbsence(
        of modules: NamedModules,
        _ work: ModuleCacheRestore,
        _ set: MemberSet
    ) async throws {
        let (archive, isPartial) = (archive.path, restoresInPart)
        try await WorkerThreads.perform {
            var set = set
            set.leaveOutModules(work.damage.members)
            let absent = try ModuleCachePresence(work.root.path).absent(of: modules.absent(from: set))
            work.report.update { report in
                report.absentModules = absent
                report.warnings += modules.warnings
                let warning = absent.absenceWarning(from: [archive], restoredInPart: isPartial)
                report.warnings += [warning].compactMap(\.self)
            }
        }
    }

    private func synchronize(_ roots: [CacheRoot]) async throws {
        counters.begin("writing to disk", bytes: 0, items: 0)
        try await WorkerThreads.perform { for root in roots { try root.synchronize() } }
    }

    /// The environment of builds with the restored caches, as far as it is known.
    private var here: GoEnvironment {
        var here = options.environment ?? GoEnvironment()
        if let path = caches.moduleCache {
            here.variables["GOMODCACHE"] = path.lexicallyNormalized().string
        }
        return here
    }

    private func warnings(_ sources: [Source]) -> [Warning] {
        guard options.warnsOfMisses else { return [] }
        // Sources that differ from each other also differ from the environment here.
        let among = options.environment == nil ? Compatibility.warnings(among: sources) : []
        return among + Compatibility.warnings(for: sources, restoredTo: here)
    }
}
