public import SystemPackage

/// Checks everything that an archive says: every byte of it, every chunk, every name.
public struct Verifier: Sendable {
    /// The number of threads, or `nil` for one a processor; it changes nothing but the time.
    public var jobs: Int?

    /// Creates a verifier.
    public init(jobs: Int? = nil) { self.jobs = jobs }

    /// Checks an archive: its trailer, its index and that its digest is that of the members; each frame's
    /// checksum and content; each output against its ID; each module tree and zip against its `.ziphash`.
    ///
    /// - Parameters:
    ///   - path: The archive.
    ///   - progress: Is told how far the work has come.
    /// - Returns: What was found. A damaged archive is a result, not an error.
    /// - Throws: ``CacheStoreError`` only where the file can't be read at all, or `CancellationError` if
    ///   the task was cancelled.
    /// - Complexity: O(*n*) in the bytes of content; memory for what lies in GOMODCACHE, some 20 bytes an
    ///   entry of GOCACHE and, a thread, two chunks.
    public func run(_ path: FilePath, progress: ProgressHandler? = nil) async throws -> VerifyReport {
        try await ProgressCounters.reporting(to: progress) { counters in
            let archive: Archive
            let (summary, set): (IndexSummary, MemberSet)
            do {
                let opened = try Archive(opening: path)
                counters.begin("reading the index", bytes: 0, items: 0)
                archive = opened
                (summary, set) = try await WorkerThreads.perform {
                    let index = try opened.index()
                    let set = try index.modules()
                    return (try IndexSummary(of: index) { try index.output($0).id }, set)
                }
            } catch let error as CacheStoreError
                where [.corruptArchive, .notAnArchive, .unsafePath].contains(error.code)
            {
                return VerifyReport(problems: [error])
            }
            return try await VerifyOperation(
                archive: archive,
                set: set,
                summary: summary,
                threads: WorkerThreads.count(for: jobs),
                counters: counters
            ).run()
        }
    }
}

/// One run of a ``Verifier`` on an archive whose index is sound.
struct VerifyOperation {
    let archive: Archive
    /// What lies in GOMODCACHE, its chunks, and those that no member uses.
    let set: MemberSet
    let summary: IndexSummary
    let threads: Int
    let counters: ProgressCounters

    /// A stream to be read and checked.
    private enum Item {
        case tree(MemberSet.Tree)
        case zip(MemberSet.Download, id: ObjectID, size: Int, chunks: ChunkList)
        /// A chunk that only a value used which lost in a union.
        case unused(ChunkRecord)

        var size: Int {
            switch self {
            case .tree(let tree): tree.size
            case .zip(_, _, let size, _): size
            case .unused(let chunk): chunk.size
            }
        }

        var name: String {
            switch self {
            case .tree(let tree): "tree \(tree.module.text)"
            case .zip(let download, _, _, _): "zip \(download.module.text)"
            case .unused(let chunk): "chunk \(chunk.id)"
            }
        }
    }

    func run() async throws -> VerifyReport {
        let items = items
        let outputs = summary.totals.byKind[.output] ?? ArchiveTotals.Tally()
        let rawBytes = items.reduce(outputs.rawBytes) { $0 + $1.size }
        counters.begin("verifying", bytes: rawBytes, items: outputs.members + items.count)
        let found = Gathered<[Int: CacheStoreError]>([:])
        try await checkOutputs(outputs.members, found)
        let (archive, counters) = (archive, counters)
        try await WorkerThreads.forEach(
            below: items.count,
            threads: threads,
            state: { try ChunkReader(archive) }
        ) { reader, index, cancellation in
            do {
                try check(items[index], with: &reader, cancellation)
            } catch let error as CacheStoreError {
                found.update { $0[outputs.members + index] = error.naming(member: items[index].name) }
            }
            counters.add(bytes: items[index].size)
        }
        var problems: [CacheStoreError] = []
        if !summary.isDigestRight {
            problems.append(
                CacheStoreError(
                    .corruptArchive,
                    "damaged archive: its digest is not that of its members",
                    path: archive.path
                )
            )
        }
        problems += found.value.sorted { $0.key < $1.key }.map(\.value)
        return VerifyReport(
            problems: problems,
            digest: summary.statedDigest,
            chunks: summary.totals.chunks,
            members: summary.totals.all.members,
            rawBytes: rawBytes
        )
    }

    private func checkOutputs(_ count: Int, _ found: Gathered<[Int: CacheStoreError]>) async throws {
        let outputs = try OutputFeed(archive)
        let (archive, counters) = (archive, counters)
        try await WorkerThreads.run(count: max(1, min(threads, count))) { cancellation in
            var reader = try ChunkReader(archive)
            while let items = try outputs.next() {
                for item in items {
                    do {
                        try check(item.output.id, item.chunks, with: &reader, cancellation) { _ in }
                    } catch let error as CacheStoreError {
                        found.update { $0[item.number] = error.naming(member: "output \(item.output.id)") }
                    }
                    counters.add(bytes: item.output.size)
                }
            }
        }
    }

    /// Every stream but those of outputs, and the chunks that no stream uses.
    private var items: [Item] {
        var items = set.trees.map { Item.tree($0) }
        for download in set.downloads {
            if case .stored(let id, let size, let chunks) = download.content {
                items.append(.zip(download, id: id, size: size, chunks: chunks))
            }
        }
        var isUsed = BitArray(count: set.chunks.count)
        set.forEachChunkUse { isUsed[Int($0)] = true }
        return items + set.chunks.indices.filter { !isUsed[$0] }.map { .unused(set.chunks[$0]) }
    }

    private func check(
        _ item: Item,
        with reader: inout ChunkReader,
        _ cancellation: WorkerThreads.Cancellation
    ) throws {
        switch item {
        case .tree(let tree):
            let manifest = try reader.manifest(of: tree, chunks: set.chunks)
            var hasher = TreeHasher(tree.module)
            try reader.walk(tree, manifest, chunks: set.chunks, visitor: &hasher) { try cancellation.check() }
            guard hasher.finish() == tree.h1 else {
                throw reader.damaged(set.chunks[Int(tree.manifest)], "the tree does not have its h1 hash")
            }
        case .zip(let download, let id, let size, let chunks):
            var content: [UInt8] = []
            content.reserveCapacity(size)
            let records = chunks.numbers.map { set.chunks[Int($0)] }
            try check(id, records, with: &reader, cancellation) { piece in content += piece }
            try checkZip(content, of: download.module)
        case .unused(let chunk): try reader.read(chunk)
        }
    }

    /// Reads a stream and compares the whole with its name.
    private func check(
        _ id: ObjectID,
        _ chunks: [ChunkRecord],
        with reader: inout ChunkReader,
        _ cancellation: WorkerThreads.Cancellation,
        _ body: ([UInt8]) -> Void
    ) throws {
        let isNamedByChunk = chunks.count == 1 && chunks[0].id == id
        var hasher = ContentHasher()
        for chunk in chunks {
            try cancellation.check()
            try reader.read(chunk)
            if !isNamedByChunk { hasher.update(reader.content.span) }
            body(reader.content)
        }
        guard isNamedByChunk || hasher.finish() == id else {
            throw CacheStoreError(
                .corruptArchive,
                "damaged archive: its content is not its name",
                path: archive.path
            )
        }
    }

    /// A zip must have the hash that the module's `.ziphash` states.
    private func checkZip(_ content: [UInt8], of module: ModuleKey) throws {
        let expected = set.downloads.lazy.compactMap { download -> ObjectID? in
            guard download.module == module, download.kind == .ziphash,
                case .bytes(let bytes) = download.content
            else { return nil }
            return ModuleHash.id(ofZiphash: bytes)
        }.first
        do {
            guard try ModuleZip.h1(of: content, module: module) == expected else {
                throw ZipError("the zip does not have the hash of its .ziphash")
            }
        } catch let error as ZipError {
            throw CacheStoreError(.corruptArchive, "damaged archive: \(error)", path: archive.path)
        }
    }
}
