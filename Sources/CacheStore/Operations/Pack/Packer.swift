public import SystemPackage

/// Packs Go's caches into an archive.
///
/// The same caches give the same bytes, whatever the order of their directories, the number of threads, the
/// user, the umask or the time. `go` may be running: what changes meanwhile is left out, never half taken.
public struct Packer: Sendable {
    /// How to pack.
    public let options: PackOptions

    /// Creates a packer.
    public init(options: PackOptions) { self.options = options }

    /// Packs `caches` into a new archive.
    ///
    /// - Parameters:
    ///   - caches: The directories; at least one.
    ///   - path: The archive. It appears under this name when it is whole, or not at all.
    ///   - progress: Is told how far the work has come.
    /// - Returns: What was written, and what was left out.
    /// - Throws: ``CacheStoreError`` (``CacheStoreError/Code/badArgument``, ``CacheStoreError/Code/exists``,
    ///   ``CacheStoreError/Code/damagedCache`` if ``PackOptions/isStrict``, or as the system says), or
    ///   `CancellationError` if the task was cancelled.
    /// - Complexity: O(*n*) in the bytes of the caches; memory for their list of files and, a thread, some
    ///   chunks.
    public func run(
        _ caches: GoCaches,
        to path: FilePath,
        progress: ProgressHandler? = nil
    ) async throws -> PackReport {
        try check(caches)
        return try await ProgressCounters.reporting(to: progress) { counters in
            try await PackOperation(options: options, caches: caches, path: path, counters: counters).run()
        }
    }

    private func check(_ caches: GoCaches) throws(CacheStoreError) {
        guard Source.isValid(label: options.label) else {
            throw CacheStoreError(
                .badArgument,
                "`\(options.label)` can't be a label",
                hint: "use 1 to 64 letters, digits, `.`, `_` or `-`, and begin with a letter, a digit or `_`"
            )
        }
        guard PackOptions.levels.contains(options.level) else {
            throw CacheStoreError(.badArgument, "the level is not in \(PackOptions.levels)")
        }
        guard caches.buildCache != nil || caches.moduleCache != nil else {
            throw CacheStoreError(.badArgument, "neither GOCACHE nor GOMODCACHE is to be packed")
        }
    }
}

/// One run of a ``Packer``.
struct PackOperation: Sendable {
    let options: PackOptions
    let caches: GoCaches
    let path: FilePath
    let counters: ProgressCounters

    private var threads: Int { WorkerThreads.count(for: options.jobs) }

    func run() async throws -> PackReport {
        try await ArchiveWriter.writing(to: path, overwrite: options.overwrite) { try await run($0) }
    }

    private func run(_ writer: ArchiveWriter) async throws -> PackReport {
        counters.begin("reading indexes", bytes: 0, items: 0)
        let bases = try await WorkerThreads.perform { [options] in try PackBases(options.bases) }
        var assembly = PackAssembly(label: options.label, environment: options.environment)
        try await readBuildCache(into: &assembly)
        try await readModuleCache(into: &assembly)
        try checkStrictness(assembly)
        let order = try bases.lacking(of: assembly.set).order
        var missing = try await check(Set(assembly.set.frameOrder()).subtracting(order), of: assembly)
        let stored = try await compress(order, of: assembly, to: writer)
        missing.formUnion(zip(order, stored).compactMap { $1 == nil ? $0 : nil })
        var frames: [UInt32: ChunkRecord] = [:]
        for (number, place) in zip(order, stored) {
            guard let place else { continue }
            var record = assembly.set.chunks[Int(number)]
            (record.offset, record.stored, record.checksum) = (place.offset, place.count, place.checksum)
            frames[number] = record
        }
        if !missing.isEmpty {
            assembly.drop(missing, caches: caches)
            try checkStrictness(assembly)
        }
        let (whole, kept, isCanonical) = (assembly, frames, missing.isEmpty)
        counters.begin("writing the index", bytes: 0, items: 0)
        return try await WorkerThreads.perform {
            try finish(whole, kept, bases, writer, isCanonical: isCanonical)
        }
    }

    // MARK: - Reading

    private func readBuildCache(into assembly: inout PackAssembly) async throws {
        guard let root = caches.buildCache else { return }
        counters.begin("scanning", bytes: 0, items: 0)
        let scan = try await BuildCacheScan.run(root, options: options, threads: threads)
        // Longest first, so that no thread is left with a long one at the end.
        let large = scan.outputs.filter { $0.size > Chunker.minimumSize }.sorted { $0.size > $1.size }
        counters.begin("reading", bytes: large.reduce(0) { $0 + $1.size }, items: large.count)
        let found = Gathered<[ObjectID: StreamSurvey]>([:])
        let faults = Gathered<[LeftOut]>([])
        let counters = counters
        try await WorkerThreads.forEach(below: large.count, threads: threads, state: { StreamCutter() }) {
            cutter,
            index,
            _ in
            let output = large[index]
            let path = root.appending(FilePath(output.file).components)
            do throws(CacheStoreError) {
                let (survey, id) = try StreamSurvey.file(path, &cutter)
                if id == output.id, survey.size == output.size {
                    found.update { $0[output.id] = survey }
                } else {
                    faults.update { $0.append(LeftOut(.wrongContent, path, "its content is not its name")) }
                }
            } catch {
                faults.update { $0.append(LeftOut(error, path)) }
            }
            counters.add(bytes: output.size)
        }
        assembly.leaveOut(faults.value)
        assembly.add(scan, surveys: found.value, root: root)
    }

    private func readModuleCache(into assembly: inout PackAssembly) async throws {
        guard let root = caches.moduleCache else { return }
        counters.begin("scanning", bytes: 0, items: 0)
        let scan = try await WorkerThreads.perform { try ModuleCacheScan(root) }
        let modules = scan.trees.subtracting(scan.partial).sorted()
        counters.begin("reading", bytes: 0, items: modules.count)
        let trees = Gathered<[ModuleKey: TreeSurvey]>([:])
        let faults = Gathered<[LeftOut]>([])
        let counters = counters
        try await WorkerThreads.forEach(below: modules.count, threads: threads, state: { StreamCutter() }) {
            cutter,
            index,
            _ in
            let module = modules[index]
            do throws(TreeSurvey.Fault) {
                let survey = try TreeSurvey.read(module, in: root, &cutter)
                let path = root.appending(FilePath(module.text).components)
                if let hash = scan.hashes[module], hash == survey.h1 {
                    trees.update { $0[module] = survey }
                } else if scan.hashes[module] == nil {
                    faults.update {
                        $0.append(LeftOut(.wrongModuleHash, path, "there is no sound .ziphash for it"))
                    }
                } else {
                    faults.update {
                        $0.append(LeftOut(.wrongModuleHash, path, "its files are not those of its .ziphash"))
                    }
                }
                counters.add(bytes: survey.stream.size)
            } catch {
                faults.update { $0.append(error.leftOut) }
            }
        }
        let (settled, removed) = try await WorkerThreads.perform {
            var settled = scan
            let removed = settled.removed(of: trees.value.keys, in: root)
            return (settled, removed)
        }
        let whole = trees.value.filter { !removed.contains($0.key) }
        for (module, survey) in whole.sorted(by: { $0.key < $1.key }) {
            assembly.add(survey, of: module, root: root)
        }
        let missing = scan.zips.filter { whole[$0] == nil }.sorted()
        let zips = try await readZips(missing, scan, faults)
        assembly.leaveOut(faults.value)
        assembly.add(settled, zips: zips, root: root)
    }

    /// Reads the zips that no tree can make again.
    private func readZips(
        _ modules: [ModuleKey],
        _ scan: ModuleCacheScan,
        _ faults: Gathered<[LeftOut]>
    ) async throws -> [ModuleKey: (StreamSurvey, ObjectID)] {
        guard let root = caches.moduleCache else { return [:] }
        let zips = Gathered<[ModuleKey: (StreamSurvey, ObjectID)]>([:])
        try await WorkerThreads.forEach(below: modules.count, threads: threads, state: { StreamCutter() }) {
            cutter,
            index,
            _ in
            let module = modules[index]
            let path = ModuleCacheLayout.zip(of: module, in: root)
            do {
                let (survey, id) = try StreamSurvey.file(path, &cutter)
                guard let hash = scan.hashes[module] else {
                    throw ZipError("there is no sound .ziphash for it")
                }
                let file = try File(reading: path, followsLinks: false)
                guard try ModuleZip.h1(of: file, module: module) == hash else {
                    throw ZipError("its files are not those of its .ziphash")
                }
                zips.update { $0[module] = (survey, id) }
            } catch let error as CacheStoreError {
                faults.update { $0.append(LeftOut(error, path)) }
            } catch {
                faults.update { $0.append(LeftOut(.wrongModuleHash, path, "\(error)")) }
            }
        }
        return zips.value
    }

    private func checkStrictness(_ assembly: PackAssembly) throws(CacheStoreError) {
        guard options.isStrict else { return }
        let damage = assembly.leftOut.filter(\.reason.isDamage)
        guard let first = damage.min(by: { $0.path.string.precedes($1.path.string) }) else { return }
        throw CacheStoreError(
            .damagedCache,
            "the caches hold \(damage.count) entries that can't be packed; the first is \(first.reason.rawValue), "
                + first.explanation,
            path: first.path,
            hint: "remove them and build again, or pack without --strict to leave them out"
        )
    }

    /// Reads the chunks that are not to be written and were not read yet, whose names nobody has checked.
    ///
    /// - Returns: Those whose content is not what their name says.
    private func check(_ numbers: Set<UInt32>, of assembly: PackAssembly) async throws -> Set<UInt32> {
        let (chunks, providers) = (assembly.set.chunks, assembly.providers)
        let unread = numbers.filter { providers[Int($0)].checksum == nil }.sorted()
        guard !unread.isEmpty else { return [] }
        counters.begin(
            "reading",
            bytes: unread.reduce(0) { $0 + chunks[Int($1)].size },
            items: unread.count
        )
        let wrong = Gathered<Set<UInt32>>([])
        let counters = counters
        try await WorkerThreads.forEach(below: unread.count, threads: threads, state: { ReusedBuffer() }) {
            buffer,
            index,
            _ in
            let number = unread[index]
            let chunk = chunks[Int(number)]
            if !Self.read(chunk, providers[Int(number)], into: &buffer.bytes) {
                wrong.update { $0.insert(number) }
            }
            counters.add(bytes: chunk.size)
        }
        return wrong.value
    }

    private struct ReusedBuffer: ~Copyable {
        var bytes: [UInt8] = []
    }

    // MARK: - Writing

    private struct CompressState: ~Copyable {
        var compressor: ZstdCompressor
        var content: [UInt8] = []
    }

    /// Compresses the chunks in the order of their frames.
    ///
    /// - Returns: Where each frame lies; `nil` for a chunk whose content is not what it was.
    private func compress(
        _ order: [UInt32],
        of assembly: PackAssembly,
        to writer: ArchiveWriter
    ) async throws -> [(offset: Int, count: Int, checksum: UInt64)?] {
        let (chunks, providers) = (assembly.set.chunks, assembly.providers)
        counters.begin(
            "compressing",
            bytes: order.reduce(0) { $0 + chunks[Int($1)].size },
            items: order.count
        )
        let sequence = FrameSequence(workers: threads)
        let (counters, level) = (counters, options.level)
        try await WorkerThreads.forEach(
            below: order.count,
            threads: threads,
            state: { CompressState(compressor: try ZstdCompressor(level: level)) }
        ) { state, index, cancellation in
            do {
                try cancellation.check()
                let chunk = chunks[Int(order[index])]
                let provider = providers[Int(order[index])]
                var frame: FrameSequence.Frame?
                if Self.read(chunk, provider, into: &state.content) {
                    let bytes = try state.compressor.frame(state.content.span)
                    frame = FrameSequence.Frame(bytes: bytes, checksum: XXH64.hash(bytes.span))
                }
                try sequence.bring(index, frame) { try writer.write($0, at: $1) }
                counters.add(bytes: chunk.size)
            } catch {
                sequence.stop()
                throw error
            }
        }
        return sequence.stored
    }

    /// Reads a chunk's content; returns whether it is still what it was.
    private static func read(
        _ chunk: ChunkRecord,
        _ provider: PackAssembly.Provider,
        into content: inout [UInt8]
    ) -> Bool {
        do throws(CacheStoreError) {
            // One byte more is asked for where the whole file is the chunk, to notice one that has grown.
            let extra = provider.checksum == nil ? 1 : 0
            try provider.content.read(at: provider.offset, count: chunk.size + extra, into: &content)
        } catch {
            return false
        }
        guard content.count == chunk.size else { return false }
        if let checksum = provider.checksum { return XXH64.hash(content.span) == checksum }
        return ContentHasher.hash(content.span) == chunk.id
    }

    private func finish(
        _ assembly: PackAssembly,
        _ frames: [UInt32: ChunkRecord],
        _ bases: PackBases,
        _ writer: ArchiveWriter,
        isCanonical: Bool
    ) throws -> PackReport {
        let whole = assembly.identified()
        let (members, order) = try bases.lacking(of: whole.set)
        let set = members.laidOut(order) { frames[$0] ?? whole.set.chunks[Int($0)] }
        let digest = options.bases.isEmpty ? whole.digest : set.digest
        var target = writer
        if !isCanonical {
            // Frames of members that were dropped lie between the others: the others move together.
            target = try ArchiveWriter(to: path, overwrite: options.overwrite)
            defer { writer.discard() }
            var buffer: [UInt8] = []
            for (number, record) in zip(order, set.chunks) {
                guard let old = frames[number] else { continue }
                try writer.read(at: old.offset, count: old.stored, into: &buffer)
                try target.write(buffer.span, at: record.offset)
            }
        }
        let fileBytes = try target.finish(set, digest: digest)
        let leftOut = assembly.leftOut.sorted {
            ($0.path.string, $0.reason.rawValue) < ($1.path.string, $1.reason.rawValue)
        }
        return PackReport(
            digest: digest,
            totals: ArchiveTotals(of: set, fileBytes: fileBytes),
            leftOut: leftOut,
            dropped: assembly.dropped,
            unused: assembly.unused,
            baseWithLabel: bases.first(withLabelOf: set.sources)
        )
    }
}
