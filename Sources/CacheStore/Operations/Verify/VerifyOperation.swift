import SystemPackage

/// One run of a ``Verify`` on an archive whose index is sound, or the search for damage of a ``Repair``.
struct VerifyOperation {
    let archive: Archive
    /// The members of GOMODCACHE, their chunks, and the chunks that no member uses.
    let set: MemberSet
    let summary: IndexSummary
    /// The breaches of rules that concern the index as a whole.
    let breaches: [CacheStoreError]
    let threads: Int
    let counters: ProgressCounters

    /// The modules of go.sum files; `nil` to compare none.
    let modules: NamedModules?

    /// The frames that take the place of damaged ones; `nil` for none.
    let spares: SpareFrames?

    /// A stream to be read and checked.
    enum Item {
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

        /// Whether the stream is a member's.
        var isMember: Bool { if case .unused = self { false } else { true } }

        /// The numbers of a member's chunks.
        var chunks: [ChunkNumber] {
            switch self {
            case .tree(let tree): tree.manifest.numbers + tree.chunks.numbers
            case .zip(_, _, _, let chunks): chunks.numbers
            case .unused: []
            }
        }
    }

    /// Reads the index of an archive and checks all of it.
    ///
    /// - Parameters:
    ///   - archive: The archive.
    ///   - threads: The number of threads.
    ///   - counters: The counters to add to.
    ///   - modules: The modules of go.sum files; `nil` to compare none.
    ///   - spares: The frames that take the place of damaged ones; `nil` for none.
    /// - Throws: The errors of ``Archive/contents()``.
    init(
        _ archive: Archive,
        threads: Int,
        _ counters: ProgressCounters,
        modules: NamedModules? = nil,
        spares: SpareFrames? = nil
    ) async throws {
        counters.begin("reading the index", bytes: 0, items: 0)
        (summary, set, breaches) = try await WorkerThreads.performCancellable { cancellation in
            let index = try archive.index()
            let set = try index.modules()
            let zips = ZippedContent(of: set, in: index)
            try zips.check(with: ChunkReader(archive, spares: spares)) { try cancellation.check() }
            let summary = try index.reading { try IndexSummary(of: index) { try index.output($0).id } }
            return (summary, set, try IndexRules(archive: archive, index: index).breaches(set))
        }
        self.archive = archive
        self.threads = threads
        self.counters = counters
        self.modules = modules
        self.spares = spares
    }

    /// Checks the archive.
    ///
    /// - Parameters:
    ///   - part: The part of the content to be checked; `nil` for all of it.
    ///   - start: The time at which the verification began.
    /// - Returns: The report.
    /// - Throws: The errors of ``find()``.
    func run(_ part: Verify.Part? = nil, since start: ContinuousClock.Instant = .now) async throws
        -> Verify.Report
    {
        var problems: [CacheStoreError] = []
        if !summary.isDigestRight { problems.append(archive.wrongDigest) }
        problems += breaches
        if let part {
            let operation = try await WorkerThreads.perform {
                try PartOperation(self, part, since: start)
            }
            let (found, checked) = try await operation.run()
            return Verify.Report(
                problems: problems + found.faults,
                digest: summary.statedDigest,
                chunks: checked.chunks,
                members: summary.totals.all.members - checked.allMembers + checked.members,
                checked: checked,
                contentBytes: checked.contentBytes
            )
        }
        problems += try await find().faults
        let comparison = modules.map { SumComparison(of: set, with: $0, in: archive.path) }
        problems += comparison?.faults ?? []
        return Verify.Report(
            problems: problems,
            digest: summary.statedDigest,
            chunks: summary.totals.chunks,
            members: summary.totals.all.members,
            unnamedModules: comparison?.unnamed,
            contentBytes: contentBytes(of: items)
        )
    }

    /// Reads every member and every other chunk, and finds those that are damaged.
    ///
    /// - Throws: ``CacheStoreError`` if the index can't be read, or `CancellationError`. An error in reading
    ///   a member is one of the faults, even if it is an error of the machine.
    func find() async throws -> DamagedMembers {
        let items = items
        archive.frames.file.remote?.prepare([0..<archive.trailer.framesSize])
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
            try check(item, with: &reader, found, cancellation.check)
            counters.add(bytes: item.size)
        }
        return found.value
    }

    /// The length of all content that is checked, in bytes.
    private func contentBytes(of items: [Item]) -> Int {
        items.reduce(outputBytes) { $0 + $1.size }
    }

    private var outputBytes: Int { summary.totals.byKind[.output]?.contentBytes ?? 0 }

    private func checkOutputs(_ count: Int, _ found: Gathered<DamagedMembers>) async throws {
        let outputs = try OutputFeed(archive)
        let (archive, spares, counters) = (archive, spares, counters)
        try await ReadingCrew.run(
            count: max(1, min(threads, max(count, outputBytes / ChunkReader.sharedSize))),
            counters,
            state: { try ChunkReader(archive, spares: spares) }
        ) { reader, crew in
            while let items = try outputs.next() {
                for item in items {
                    try check(item, with: &reader, found, sharedBy: crew, crew.cancellation.check)
                    counters.add(bytes: item.output.size >= ChunkReader.sharedSize ? 0 : item.output.size)
                }
            }
        }
    }

    /// All streams but those of outputs, and the chunks that no stream uses.
    var items: [Item] {
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

    /// Reads a stream, and notes the damage if it is damaged.
    ///
    /// The errors of `pause`, which is called between chunks, end the check and are no damage.
    func check(
        _ item: Item,
        with reader: inout ChunkReader,
        _ found: Gathered<DamagedMembers>,
        _ pause: () throws -> Void
    ) throws {
        do {
            try check(item, with: &reader, pause)
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
    }

    /// Reads an output, and notes the damage if it is damaged.
    ///
    /// The errors of `pause`, which is called between chunks, end the check and are no damage. The threads of
    /// `crew` share a long output.
    func check(
        _ item: OutputFeed.Item,
        with reader: inout ChunkReader,
        _ found: Gathered<DamagedMembers>,
        sharedBy crew: ReadingCrew? = nil,
        _ pause: () throws -> Void
    ) throws {
        do {
            if let crew, item.output.size >= ChunkReader.sharedSize {
                try check(item.output.id, item.chunks, with: &reader, sharedBy: crew)
            } else {
                try check(item.output.id, item.chunks, with: &reader, pause)
            }
        } catch let error as CacheStoreError {
            let error = error.naming(member: "output \(item.output.id)")
            found.update { $0.outputs[item.number] = error }
        }
    }

    private func check(
        _ item: Item,
        with reader: inout ChunkReader,
        _ pause: () throws -> Void
    ) throws {
        switch item {
        case .tree(let tree):
            let manifest = try reader.manifest(of: tree, chunks: set.chunks)
            try checkCuts(ofManifest: tree, with: &reader, pause)
            var visitor = CheckedTree(tree.module)
            try reader.walk(tree, manifest, chunks: set.chunks, visitor: &visitor) { try pause() }
            guard visitor.isCutRight else { throw wrongCut }
            guard visitor.finish() == tree.h1 else {
                throw try reader.wrongHash(of: tree, set.chunks, check: pause)
            }
        case .zip(let download, let id, _, let chunks):
            let records = chunks.numbers.map { set.chunks[$0] }
            try check(id, records, with: &reader, pause)
            let hash = set.download(.ziphash, of: download.module)
            try StoredZip.check(
                chunks,
                of: download.module,
                [hash].compactMap(\.self),
                set.chunks,
                with: reader
            )
        case .unused(let chunk): try reader.read(chunk)
        }
    }

    /// Reads a stream and compares the SHA-256 of the whole stream with its name.
    private func check(
        _ id: ObjectID,
        _ chunks: [ChunkRecord],
        with reader: inout ChunkReader,
        _ pause: () throws -> Void
    ) throws {
        let isNamedByChunk = chunks.count == 1 && chunks[0].id == id
        var hasher = ContentHasher()
        var isCutRight = true
        for (index, chunk) in chunks.enumerated() {
            try pause()
            try reader.read(chunk)
            let isLast = index == chunks.count - 1
            if !Chunker.isChunk(reader.content.span, isLast: isLast) { isCutRight = false }
            if !isNamedByChunk { hasher.update(reader.content.span) }
        }
        guard isNamedByChunk || hasher.finish() == id else { throw wrongContent }
        guard isCutRight else { throw wrongCut }
    }

    /// Reads a long stream with other threads, and compares the SHA-256 of the whole stream with its name.
    private func check(
        _ id: ObjectID,
        _ chunks: [ChunkRecord],
        with reader: inout ChunkReader,
        sharedBy crew: ReadingCrew
    ) throws {
        let wrongCuts = Gathered(0)
        let found = try reader.read(chunks, sharedBy: crew) { reader, _, number in
            let isLast = number == chunks.count - 1
            if !Chunker.isChunk(reader.content.span, isLast: isLast) { wrongCuts.update { $0 += 1 } }
        }
        guard found == id else { throw wrongContent }
        guard wrongCuts.value == 0 else { throw wrongCut }
    }

    private var wrongContent: CacheStoreError {
        CacheStoreError(
            .corruptArchive,
            "damaged archive: its content does not match its name",
            path: archive.path
        )
    }

    /// Checks the cuts of a manifest of several chunks.
    private func checkCuts(
        ofManifest tree: MemberSet.Tree,
        with reader: inout ChunkReader,
        _ pause: () throws -> Void
    ) throws {
        let numbers = tree.manifest.numbers
        guard numbers.count > 1 else { return }
        for (index, number) in numbers.enumerated() {
            try pause()
            try reader.read(set.chunks[number])
            guard Chunker.isChunk(reader.content.span, isLast: index == numbers.count - 1) else {
                throw wrongCut
            }
        }
    }

    private var wrongCut: CacheStoreError {
        CacheStoreError(
            .corruptArchive,
            "damaged archive: its content is not cut as the format says",
            path: archive.path
        )
    }
}
