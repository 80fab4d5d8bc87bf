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
    /// - Complexity: O(*n*) in the bytes of content; memory for the index and, a thread, two chunks.
    public func run(_ path: FilePath, progress: ProgressHandler? = nil) async throws -> VerifyReport {
        try await ProgressCounters.reporting(to: progress) { counters in
            let archive: Archive
            let members: (set: MemberSet, digest: ObjectID)
            do {
                let opened = try Archive(opening: path)
                counters.begin("reading the index", bytes: 0, items: 0)
                archive = opened
                members = try await WorkerThreads.perform { try opened.members() }
            } catch let error as CacheStoreError
                where [.corruptArchive, .notAnArchive, .unsafePath].contains(error.code)
            {
                return VerifyReport(problems: [error])
            }
            return try await VerifyOperation(
                archive: archive,
                set: members.set,
                digest: members.digest,
                threads: WorkerThreads.count(for: jobs),
                counters: counters
            ).run()
        }
    }
}

/// One run of a ``Verifier`` on an archive whose index is sound.
struct VerifyOperation {
    let archive: Archive
    let set: MemberSet
    let digest: ObjectID
    let threads: Int
    let counters: ProgressCounters

    /// A stream to be read and checked.
    private enum Item {
        case output(MemberSet.Output)
        case tree(MemberSet.Tree)
        case zip(MemberSet.Download, id: ObjectID, size: Int, chunks: ChunkList)
        /// A chunk that only a value used which lost in a union.
        case unused(ChunkRecord)

        var size: Int {
            switch self {
            case .output(let output): output.size
            case .tree(let tree): tree.size
            case .zip(_, _, let size, _): size
            case .unused(let chunk): chunk.size
            }
        }

        var name: String {
            switch self {
            case .output(let output): "output \(output.id)"
            case .tree(let tree): "tree \(tree.module.text)"
            case .zip(let download, _, _, _): "zip \(download.module.text)"
            case .unused(let chunk): "chunk \(chunk.id)"
            }
        }
    }

    func run() async throws -> VerifyReport {
        let items = items
        counters.begin("verifying", bytes: items.reduce(0) { $0 + $1.size }, items: items.count)
        let found = Gathered<[Int: CacheStoreError]>([:])
        let (archive, counters) = (archive, counters)
        try await WorkerThreads.forEach(
            below: items.count,
            threads: threads,
            state: { try ChunkReader(archive) }
        ) { reader, index, cancellation in
            do {
                try check(items[index], with: &reader, cancellation)
            } catch let error as CacheStoreError {
                found.update { $0[index] = error.naming(member: items[index].name) }
            }
            counters.add(bytes: items[index].size)
        }
        var problems: [CacheStoreError] = []
        if set.digest != digest {
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
            digest: digest,
            chunks: set.chunks.count,
            members: set.outputs.count + set.actions.count + set.trees.count + set.downloads.count
                + set.checksumFiles.count,
            rawBytes: items.reduce(0) { $0 + $1.size }
        )
    }

    /// Every stream of the archive, and the chunks that no stream uses.
    private var items: [Item] {
        var items = set.outputs.map { Item.output($0) } + set.trees.map { Item.tree($0) }
        for download in set.downloads {
            if case .stored(let id, let size, let chunks) = download.content {
                items.append(.zip(download, id: id, size: size, chunks: chunks))
            }
        }
        return items + set.chunks[set.frameOrder().count...].map { .unused($0) }
    }

    private func check(
        _ item: Item,
        with reader: inout ChunkReader,
        _ cancellation: WorkerThreads.Cancellation
    ) throws {
        switch item {
        case .output(let output): try check(output.id, output.chunks, with: &reader, cancellation) { _ in }
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
            try check(id, chunks, with: &reader, cancellation) { piece in content += piece }
            try checkZip(content, of: download.module)
        case .unused(let chunk): try reader.read(chunk)
        }
    }

    /// Reads a stream and compares the whole with its name.
    private func check(
        _ id: ObjectID,
        _ chunks: ChunkList,
        with reader: inout ChunkReader,
        _ cancellation: WorkerThreads.Cancellation,
        _ body: ([UInt8]) -> Void
    ) throws {
        let isNamedByChunk = chunks.count == 1 && set.chunks[Int(chunks[0])].id == id
        var hasher = ContentHasher()
        for number in chunks.numbers {
            try cancellation.check()
            try reader.read(set.chunks[Int(number)])
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
            guard try ModuleZip.h1(of: content.span, module: module) == expected else {
                throw ZipError("the zip does not have the hash of its .ziphash")
            }
        } catch {
            throw CacheStoreError(.corruptArchive, "damaged archive: \(error)", path: archive.path)
        }
    }
}
