import FoundationEssentials
import SystemPackage

/// One run of a ``Pack``.
struct PackOperation: Sendable {
    let options: Pack.Options
    let caches: CacheTrees
    /// The new archive; `nil` if none is written.
    let path: FilePath?
    let counters: ProgressCounters

    /// The paths of GOMODCACHE under which Go may have built.
    let moduleCaches: Set<FilePath>

    /// The frames that are compressed before their turn; `nil` for none.
    private(set) var early: EarlyFrames?

    init(
        options: Pack.Options,
        caches: CacheTrees,
        path: FilePath?,
        counters: ProgressCounters,
        moduleCaches: Set<FilePath>
    ) {
        Memory.returnLargeBlocks()
        (self.options, self.caches, self.path) = (options, caches, path)
        (self.counters, self.moduleCaches) = (counters, moduleCaches)
        // Without them, files are read twice.
        early = path.flatMap { try? EarlyFrames(beside: $0, level: options.level) }
    }

    var threads: Int { WorkerThreads.count(for: options.jobs) }

    func run(_ writer: ArchiveWriter) async throws -> Pack.Report {
        var found = try await findings()
        let settled = found
        let order = try await WorkerThreads.perform { try outcome(of: settled).order }
        var missing = try await check(
            Set(found.assembly.frameOrder).subtracting(order),
            of: found.assembly
        )
        let records = try await compress(order, of: found.assembly, to: writer)
        missing.formUnion(zip(order, records).compactMap { $1 == nil ? $0 : nil })
        var frames: [ChunkNumber: ChunkRecord] = [:]
        for (number, record) in zip(order, records) { frames[number] = record }
        try drop(missing, from: &found)
        let (whole, kept, isCanonical) = (found, frames, missing.isEmpty)
        counters.begin("writing the index", bytes: 0, items: 0)
        return try await WorkerThreads.perform { try finish(whole, kept, writer, isCanonical: isCanonical) }
    }

    /// Does everything but compressing and writing.
    func preview() async throws -> Pack.Report {
        var found = try await findings()
        let missing = try await check(Set(found.assembly.frameOrder), of: found.assembly)
        try drop(missing, from: &found)
        let settled = found
        return try await WorkerThreads.perform {
            let outcome = try outcome(of: settled)
            let set = outcome.set.laidOut(outcome.order) { outcome.whole.chunks[$0] }
            return try report(settled, outcome, ArchiveTotals(of: set, fileBytes: 0).uncompressed)
        }
    }

    /// The facts about a pack that are known before content is compressed.
    struct Findings: Sendable {
        var bases: PackBases
        var assembly: PackAssembly
        var use: JobUse?
        /// The patterns that choose members; `nil` for all members.
        var patterns: PackPatterns?
        /// The modules that travel as zips because of their names.
        var zipped: [ModuleKey]
    }

    /// Reads the caches.
    private func findings() async throws -> Findings {
        counters.begin("reading indexes", bytes: 0, items: 0)
        let bases = try await WorkerThreads.perform { [options, early] in
            let bases = try PackBases(options.bases)
            early?.leaveOut(bases.chunks)
            return bases
        }
        var assembly = PackAssembly(label: options.label, environment: options.environment)
        let known = options.rechecks ? nil : bases.known
        let use = try await jobUse()
        var modules = try await readModuleCache(into: &assembly, use, known)
        var patterns = try await readBuildCache(into: &assembly, &modules, use, known)
        let zipped = try await readZips(of: modules, into: &assembly, known)
        if var choice = patterns {
            try await readOutputs(keptBy: &choice, into: &assembly)
            patterns = choice
        }
        // Nothing has read the short outputs yet.
        try checkStrictness(assembly, isWhole: false)
        return Findings(bases: bases, assembly: assembly, use: use, patterns: patterns, zipped: zipped)
    }

    /// Drops the members whose content could not be read.
    private func drop(
        _ missing: Set<ChunkNumber>,
        from found: inout Findings
    ) throws(CacheStoreError) {
        guard !missing.isEmpty else { return }
        found.assembly.drop(missing, caches: caches)
        try checkStrictness(found.assembly, isWhole: true)
    }

    // MARK: - Reading

    /// Returns what tells which members the job has used; `nil` if that does not matter.
    private func jobUse() async throws -> JobUse? {
        guard let checkout = options.checkout else { return nil }
        let (caches, environment, moduleCaches) = (caches.paths, options.environment, moduleCaches)
        let log = try await WorkerThreads.perform { [options] in
            let consequence = "so nothing names the modules that the job uses"
            try CheckoutSums.checkDirectory(checkout, consequence, remedy: .nameCheckout)
            return try options.loggedUse.map { try UseLog(besides: $0.logs) }
        }
        let modules = try await BuildModules(in: checkout, asking: options.go)
        // Go itself takes this variable from its environment alone.
        let debug = ProcessInfo.processInfo.environment["GODEBUG"] ?? ""
        return try await WorkerThreads.perform {
            try JobUse(
                in: checkout,
                modules,
                caches,
                builtIn: moduleCaches,
                environment,
                debug: debug,
                log: log
            )
        }
    }

    /// Reads GOCACHE, except for the outputs that patterns may exclude.
    ///
    /// - Parameters:
    ///   - assembly: The pack, to which all entries are added.
    ///   - modules: The modules, of which those that turn out to be wrong are taken out.
    ///   - use: The facts that tell which entries the job has used; `nil` for all.
    ///   - known: The members that are not read; `nil` for none.
    /// - Returns: The patterns that choose members; `nil` for all members.
    /// - Throws: ``CacheStoreError`` if the machine is at fault, or `CancellationError`.
    private func readBuildCache(
        into assembly: inout PackAssembly,
        _ modules: inout Modules?,
        _ use: JobUse?,
        _ known: KnownMembers?
    ) async throws -> PackPatterns? {
        guard let root = caches.buildCache else {
            return options.hasPatterns ? PackPatterns(options, SelectionNames([:]), unreadIndexes: []) : nil
        }
        counters.begin("scanning", bytes: 0, items: 0)
        let selection = BuildCacheScan.Selection(
            dropped: options.dropped,
            use: use?.entries ?? options.usedSince.map {
                .marked(since: $0 - BuildCacheLayout.stampInterval)
            } ?? .any,
            environment: options.environment,
            moduleCaches: moduleCaches,
            moduleTrees: caches.moduleTrees(builtIn: moduleCaches),
            soundModules: modules?.sound ?? [],
            known: known
        )
        var scan = try await BuildCacheScan.run(
            root,
            selection,
            apartFrom: caches.moduleCache,
            threads: threads
        )
        let (recorded, all) = (assembly.environment, scan.outputs)
        let built = try await WorkerThreads.perform {
            try BuiltModuleCache.other(all, in: root, than: recorded)
        }
        // The entries are keyed by this path.
        if let built { assembly.environment.variables["GOMODCACHE"] = built }
        var excludedIndexes: Set<ObjectID> = []
        if var found = modules {
            let excluded = excludedModules(among: Array(found.known.keys))
            let places = [assembly.environment["GOMODCACHE"]].filter { !$0.isEmpty }
            excludedIndexes = scan.indexKeys(selection).modules(excluded.map(\.text), below: Set(places))
            // An index that goes with its module asks for no look at the tree.
            let indexes = scan.indexedAnew(Array(found.known.keys), selection)
                .filter { !$0.value.isSubset(of: excludedIndexes) }
            let wrong = try await readTrees(indexedAnew: indexes, &found, into: &assembly)
            scan.leaveOut(indexes: wrong, in: root)
            modules = found
        }
        assembly.add(scan)
        if !options.hasPatterns || options.rechecks {
            try await readOutputs(Set(assembly.pending.keys), into: &assembly)
        }
        guard options.hasPatterns else { return nil }
        let names = try await names(of: scan.outputs, in: root)
        return PackPatterns(options, names, unreadIndexes: excludedIndexes)
    }

    /// Reads outputs of GOCACHE, and drops those whose content does not match their names.
    ///
    /// - Parameters:
    ///   - ids: The outputs, which are pending.
    ///   - assembly: The pack.
    /// - Throws: ``CacheStoreError`` if the machine is at fault, or `CancellationError`.
    func readOutputs(_ ids: Set<ObjectID>, into assembly: inout PackAssembly) async throws {
        guard let root = caches.buildCache else { return }
        // The longest outputs come first, so that no thread is left with a long one at the end.
        let large = ids.compactMap { [pending = assembly.pending] in pending[$0] }
            .filter { $0.size > Chunker.minimumSize }
            .sorted { ($0.size, $1.id) > ($1.size, $0.id) }
        let bytes = large.reduce(0) { $0 + $1.size }
        counters.begin("reading", bytes: bytes, items: large.count)
        let found = Gathered<[ObjectID: StreamSurvey]>([:])
        let faults = Gathered<[LeftOut]>([])
        let counters = counters
        try await Crew<StreamSurvey.Worker>.forEach(
            below: large.count,
            threads: min(threads, max(large.count, bytes / StreamSurvey.sharedSize)),
            counters,
            state: { [early] in StreamSurvey.Worker(root: try root.open(), early) }
        ) { worker, index, crew in
            let output = large[index]
            let path = root.path(below: output.file)
            let isShared = output.size >= StreamSurvey.sharedSize
            do {
                let file = try worker.root.openFile(at: output.file)
                let (survey, id) =
                    if isShared {
                        try StreamSurvey.file(file, &worker, sharedBy: crew)
                    } else {
                        try worker.readAlone(file)
                    }
                if id == output.id, survey.size == output.size {
                    found.update { $0[output.id] = survey }
                } else {
                    faults.update {
                        $0.append(LeftOut(.wrongContent, path, "its content does not match its name"))
                    }
                }
            } catch let error as CacheStoreError {
                let leftOut = try LeftOut(error, path)
                faults.update { $0.append(leftOut) }
            }
            counters.add(bytes: isShared ? 0 : output.size)
        }
        assembly.leaveOut(faults.value)
        assembly.read(ids, surveys: found.value, root: root)
    }

    /// Refuses a cache with damage if the options ask for that.
    ///
    /// - Parameters:
    ///   - assembly: The members and what was left out.
    ///   - isWhole: Whether all content was read, so that no more damage can be found.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/damagedCache``.
    private func checkStrictness(
        _ assembly: PackAssembly,
        isWhole: Bool
    ) throws(CacheStoreError) {
        guard options.isStrict else { return }
        let damage = assembly.leftOut.filter(\.reason.isDamage)
        guard let first = damage.min(by: { $0.path.string.precedes($1.path.string) }) else { return }
        let entries = damage.count == 1 ? "1 entry" : "\(damage.count) entries"
        let others = damage.count == 1 && isWhole ? ": " : "; the first: "
        throw CacheStoreError(
            .damagedCache,
            "the caches hold \(isWhole ? "" : "at least ")\(entries) that can't be packed"
                + "\(others)\(first.explanation)",
            path: first.path,
            remedy: .rebuild
        )
    }

    /// Checks the chunks that are not written and were not read before, because nothing else checks their
    /// names.
    ///
    /// - Returns: The chunks whose content does not have the SHA-256 that is their name.
    func check(
        _ numbers: Set<ChunkNumber>,
        of assembly: PackAssembly
    ) async throws -> Set<ChunkNumber> {
        let (chunks, providers) = (assembly.chunks, assembly.providers)
        let unread = numbers.filter { providers[$0].checksum == nil }.sorted()
        guard !unread.isEmpty else { return [] }
        counters.begin(
            "reading",
            bytes: unread.reduce(0) { $0 + chunks[$1].contentBytes },
            items: unread.count
        )
        let wrong = Gathered<Set<ChunkNumber>>([])
        let counters = counters
        try await WorkerThreads.forEach(below: unread.count, threads: threads, state: { ReusedBuffer() }) {
            buffer,
            index,
            _ in
            let number = unread[index]
            let chunk = chunks[number]
            if try !Self.read(chunk, providers[number], into: &buffer.bytes) {
                wrong.update { $0.insert(number) }
            }
            counters.add(bytes: chunk.contentBytes)
        }
        return wrong.value
    }

    private struct ReusedBuffer: ~Copyable {
        var bytes: [UInt8] = []
    }

    // MARK: - Writing

    /// Compresses the chunks in the order of their frames.
    ///
    /// - Returns: The chunks with their places; `nil` for a chunk whose content has changed.
    private func compress(
        _ order: [ChunkNumber],
        of assembly: PackAssembly,
        to writer: ArchiveWriter
    ) async throws -> [ChunkRecord?] {
        let (providers, early) = (assembly.providers, early)
        let chunks = order.map { assembly.chunks[$0] }
        early?.end(needing: Set(chunks.map(\.id)))
        return try await FrameCompression(level: options.level, threads: threads).write(
            chunks,
            to: writer,
            counters,
            reader: { () }
        ) { _, index, content in
            if let frame = try early?.take(chunks[index].id) { return .frame(frame) }
            return try Self.read(chunks[index], providers[order[index]], into: &content) ? .content : .nothing
        }
    }

    /// Reads a chunk's content, and returns whether it is unchanged.
    ///
    /// - Throws: ``CacheStoreError`` if the machine is at fault.
    private static func read(
        _ chunk: ChunkRecord,
        _ provider: PackAssembly.Provider,
        into content: inout [UInt8]
    ) throws(CacheStoreError) -> Bool {
        do throws(CacheStoreError) {
            // Where the chunk is a whole file, one more byte is requested, to notice a file that has grown.
            let extra = provider.checksum == nil ? 1 : 0
            try provider.content.read(at: provider.offset, count: chunk.contentBytes + extra, into: &content)
        } catch {
            if error.isOfMachine { throw error }
            return false
        }
        guard content.count == chunk.contentBytes else { return false }
        if let checksum = provider.checksum { return XXH64.hash(content.span) == checksum }
        return ContentHasher.hash(content.span) == chunk.id
    }

    private func finish(
        _ found: Findings,
        _ frames: [ChunkNumber: ChunkRecord],
        _ writer: ArchiveWriter,
        isCanonical: Bool
    ) throws -> Pack.Report {
        try caches.buildCache?.checkUnchanged()
        try caches.moduleCache?.checkUnchanged()
        let outcome = try outcome(of: found)
        let set = outcome.set.laidOut(outcome.order) { frames[$0] ?? outcome.whole.chunks[$0] }
        var target = writer
        if !isCanonical, let path {
            // Frames of dropped members lie between the other frames. A new file gets the other frames
            // without gaps.
            target = try ArchiveWriter(to: path, overwrite: options.overwrite)
            defer { writer.discard() }
            var buffer: [UInt8] = []
            for (number, record) in zip(outcome.order, set.chunks) {
                guard let old = frames[number] else { continue }
                try writer.read(at: old.offset, count: old.storedBytes, into: &buffer)
                try target.write(buffer.span, at: record.offset)
            }
        }
        let fileBytes = try target.finish(set, digest: outcome.digest).fileSize
        return try report(found, outcome, ArchiveTotals(of: set, fileBytes: fileBytes))
    }
}
