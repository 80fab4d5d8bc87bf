import SystemPackage

/// One run of a ``Verify`` on an archive whose index is sound, or the search for damage of a ``Repair``.
struct VerifyOperation {
    let archive: Archive
    /// The members of GOMODCACHE, their chunks, and the chunks that no member uses.
    let set: MemberSet
    let summary: IndexSummary
    let threads: Int
    let counters: ProgressCounters

    /// The frames that take the place of damaged ones; `nil` for none.
    let spares: SpareFrames?

    /// A stream to be read and checked.
    private enum Item {
        case tree(MemberSet.Tree)
        case zip(MemberSet.Download, id: ObjectID, size: Int, chunks: ChunkList)
        /// A chunk that no member uses, because a union did not keep the value that used the chunk.
        case unused(ChunkRecord)

        var size: Int {
            switch self {
            case .tree(let tree): tree.size
            case .zip(_, _, let size, _): size
            case .unused(let chunk): chunk.contentBytes
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

    /// Reads the index of an archive and checks all of it.
    ///
    /// - Parameters:
    ///   - archive: The archive.
    ///   - threads: The number of threads.
    ///   - counters: The counters to add to.
    ///   - spares: The frames that take the place of damaged ones; `nil` for none.
    /// - Throws: The errors of ``Archive/contents()``.
    init(
        _ archive: Archive,
        threads: Int,
        _ counters: ProgressCounters,
        spares: SpareFrames? = nil
    ) async throws {
        counters.begin("reading the index", bytes: 0, items: 0)
        (summary, set) = try await WorkerThreads.perform {
            let index = try archive.index()
            let set = try index.modules()
            return (try IndexSummary(of: index) { try index.output($0).id }, set)
        }
        self.archive = archive
        self.threads = threads
        self.counters = counters
        self.spares = spares
    }

    func run() async throws -> Verify.Report {
        var problems: [CacheStoreError] = []
        if let fault = digestFault { problems.append(fault) }
        problems += try await find().faults
        return Verify.Report(
            problems: problems,
            digest: summary.statedDigest,
            chunks: summary.totals.chunks,
            members: summary.totals.all.members,
            contentBytes: contentBytes(of: items)
        )
    }

    /// The error for an archive whose digest is not that of its members.
    var digestFault: CacheStoreError? {
        guard !summary.isDigestRight else { return nil }
        return CacheStoreError(
            .corruptArchive,
            "damaged archive: its digest is not that of its members",
            path: archive.path
        )
    }

    /// Reads every member and every other chunk, and finds those that are damaged.
    ///
    /// - Throws: ``CacheStoreError`` if the index can't be read, or `CancellationError`. An error in reading
    ///   a member is one of the faults, even if it is an error of the machine.
    func find() async throws -> DamagedMembers {
        let items = items
        let outputs = summary.totals.byKind[.output] ?? ArchiveTotals.Tally()
        counters.begin("verifying", bytes: contentBytes(of: items), items: outputs.members + items.count)
        let found = Gathered(DamagedMembers())
        try await checkOutputs(outputs.members, found)
        let (archive, spares, counters) = (archive, spares, counters)
        try await WorkerThreads.forEach(
            below: items.count,
            threads: threads,
            state: { try ChunkReader(archive, spares: spares) }
        ) { reader, index, cancellation in
            let item = items[index]
            do {
                try check(item, with: &reader, cancellation)
            } catch let error as CacheStoreError {
                let error = error.naming(member: item.name)
                found.update { found in
                    switch item {
                    case .tree(let tree): found.trees[tree.module] = error
                    case .zip(let download, _, _, _): found.zips[download.module] = error
                    case .unused(let chunk): found.unusedChunks[chunk.id] = error
                    }
                }
            }
            counters.add(bytes: item.size)
        }
        return found.value
    }

    /// The length of all content that is checked, in bytes.
    private func contentBytes(of items: [Item]) -> Int {
        items.reduce(summary.totals.byKind[.output]?.contentBytes ?? 0) { $0 + $1.size }
    }

    private func checkOutputs(_ count: Int, _ found: Gathered<DamagedMembers>) async throws {
        let outputs = try OutputFeed(archive)
        let (archive, spares, counters) = (archive, spares, counters)
        try await WorkerThreads.run(count: max(1, min(threads, count))) { cancellation in
            var reader = try ChunkReader(archive, spares: spares)
            while let items = try outputs.next() {
                for item in items {
                    do {
                        try check(item.output.id, item.chunks, with: &reader, cancellation) { _ in }
                    } catch let error as CacheStoreError {
                        let error = error.naming(member: "output \(item.output.id)")
                        found.update { $0.outputs[item.number] = error }
                    }
                    counters.add(bytes: item.output.size)
                }
            }
        }
    }

    /// All streams but those of outputs, and the chunks that no stream uses.
    private var items: [Item] {
        var items = set.trees.map { Item.tree($0) }
        for download in set.downloads {
            if case .stored(let id, let size, let chunks) = download.content {
                items.append(.zip(download, id: id, size: size, chunks: chunks))
            }
        }
        var isUsed = BitArray(count: set.chunks.count)
        set.forEachChunkUse { isUsed[$0.index] = true }
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
                throw reader.damaged(set.chunks, tree, "the tree does not have its h1 hash")
            }
        case .zip(let download, let id, let size, let chunks):
            var content: [UInt8] = []
            content.reserveCapacity(size)
            let records = chunks.numbers.map { set.chunks[$0] }
            try check(id, records, with: &reader, cancellation) { piece in content += piece }
            try checkZip(content, of: download.module)
        case .unused(let chunk): try reader.read(chunk)
        }
    }

    /// Reads a stream and compares the SHA-256 of the whole stream with its name.
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
                "damaged archive: its content does not match its name",
                path: archive.path
            )
        }
    }

    /// Checks that a zip has the hash that the module's `.ziphash` states.
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
