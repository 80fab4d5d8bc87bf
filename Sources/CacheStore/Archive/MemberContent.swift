import SystemPackage

/// The content of one member of an archive, in pieces of at most 8 MiB.
///
/// Each piece is checked before it is returned. A member of several chunks is checked as a whole after its
/// last piece: if the sequence throws, the pieces returned before must not be used.
public struct MemberContent: AsyncSequence, Sendable {
    /// The place from which the pieces of a member's content come.
    enum Source: Sendable {
        /// Bytes that the index holds.
        case bytes([UInt8])
        /// A whole stream, whose content has this SHA-256.
        case stream([ChunkRecord], id: ObjectID)
        /// A part of a stream, in bytes.
        case part(Range<Int>, of: [ChunkRecord])

        /// The chunks that hold the content.
        var chunks: [ChunkRecord] {
            switch self {
            case .bytes: return []
            case .stream(let chunks, _): return chunks
            case .part(let range, let chunks):
                var offset = 0
                return chunks.filter { chunk in
                    defer { offset += chunk.contentBytes }
                    return range.overlaps(offset..<offset + chunk.contentBytes)
                }
            }
        }
    }

    private let archive: Archive
    private let member: String
    private let source: Source

    init(_ source: Source, of member: String, in archive: Archive) {
        self.source = source
        self.member = member
        self.archive = archive
    }

    /// Returns an iterator that begins with the first piece.
    public func makeAsyncIterator() -> Iterator { Iterator(archive, member, source) }

    /// An iterator over the pieces.
    ///
    /// Threads read the next pieces while the caller uses one. At most four pieces are in memory besides the
    /// caller's.
    public struct Iterator: AsyncIteratorProtocol {
        /// A chunk, and the part of it that belongs to the content.
        private struct Piece {
            var chunk: ChunkRecord
            var part: Range<Int>
        }

        private let archive: Archive
        private let member: String

        /// Bytes that the index holds; `nil` once they were returned.
        private var bytes: [UInt8]?

        /// The SHA-256 that the whole must have; `nil` if the check of each chunk is enough.
        private var id: ObjectID?
        private var pieces: [Piece] = []
        private var hasher = ContentHasher()

        /// The next pieces, which are being read.
        private var ahead: [Task<[UInt8], any Error>] = []
        private var begun = 0

        fileprivate init(_ archive: Archive, _ member: String, _ source: Source) {
            self.archive = archive
            self.member = member
            switch source {
            case .bytes(let bytes): self.bytes = bytes.isEmpty ? nil : bytes
            case .stream(let chunks, let id):
                self.id = chunks.count == 1 && chunks[0].id == id ? nil : id
                pieces = chunks.map { Piece(chunk: $0, part: 0..<$0.contentBytes) }
            case .part(let range, let chunks):
                var offset = 0
                for chunk in chunks {
                    let end = offset + chunk.contentBytes
                    let part = range.clamped(to: offset..<end)
                    if !part.isEmpty {
                        let inner = part.lowerBound - offset..<part.upperBound - offset
                        pieces.append(Piece(chunk: chunk, part: inner))
                    }
                    offset = end
                }
            }
        }

        /// Returns the next piece, which is never empty, or `nil` after the last.
        ///
        /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``, or
        ///   `CancellationError` if the task was cancelled.
        public mutating func next() async throws -> [UInt8]? {
            if let bytes {
                self.bytes = nil
                return bytes
            }
            beginPieces()
            guard !ahead.isEmpty else {
                guard let id, hasher.finish() != id else { return nil }
                throw CacheStoreError(
                    .corruptArchive,
                    "damaged archive: its content does not have its SHA-256",
                    path: archive.path,
                    member: member
                )
            }
            let first = ahead.removeFirst()
            let content = try await withTaskCancellationHandler {
                try await first.value
            } onCancel: {
                first.cancel()
            }
            beginPieces()
            if id != nil { hasher.update(content.span) }
            return content
        }

        /// Begins to read the next pieces.
        private mutating func beginPieces() {
            let limit = Swift.min(WorkerThreads.count(for: nil), 4)
            while ahead.count < limit, begun < pieces.count {
                let piece = pieces[begun]
                begun += 1
                ahead.append(
                    Task { [archive, member] in
                        try await WorkerThreads.perform {
                            var reader = try ChunkReader(archive)
                            try CacheStoreError.naming(member) { try reader.read(piece.chunk) }
                            let content = reader.content
                            return piece.part == content.indices ? content : Array(content[piece.part])
                        }
                    }
                )
            }
        }
    }
}

extension Archive {
    /// Finds the content of one member, without decoding the rest.
    ///
    /// The index is checked against its SHA-256 before anything is looked up in it, so what stands in the
    /// index itself is as it was written. Then everything that a member's name determines is checked: an
    /// output has its ID, a stored zip has its SHA-256, and each chunk has its own SHA-256. Whether the rows
    /// of the index obey all rules is not checked: ``contents()`` and ``Verify`` do that.
    ///
    /// - Parameters:
    ///   - kind: The kind of the member.
    ///   - name: The member's name, in the form of ``Member/name``.
    ///   - file: The path of a file in a module tree; `nil` for all other kinds.
    /// - Returns: The content, which is read while the caller iterates over the sequence.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/notFound`` if there is no such member,
    ///   ``CacheStoreError/Code/badArgument`` for an invalid name, or
    ///   ``CacheStoreError/Code/corruptArchive``; or `CancellationError` if the task was cancelled.
    /// - Complexity: O(*n*) in the length of the index, which is hashed; then O(*n*) in the chunks that hold
    ///   the content.
    public func content(
        of kind: Member.Kind,
        named name: String,
        file: String? = nil
    ) async throws -> MemberContent {
        try await WorkerThreads.perform {
            try checkIndex()
            do {
                let lookup = try IndexLookup(self)
                let member = "\(kind.rawValue) \(name)"
                let source = try find(kind, name, file, lookup, member)
                prepare { source.chunks }
                return MemberContent(source, of: member, in: self)
            } catch let error as SQLiteError {
                throw IndexSchema.unreadable(error, path: path)
            }
        }
    }

    private func find(
        _ kind: Member.Kind,
        _ name: String,
        _ file: String?,
        _ lookup: borrowing IndexLookup,
        _ member: String
    ) throws -> MemberContent.Source {
        switch kind {
        case .action:
            guard let entry = try lookup.action(try id(name, member)) else { throw missing(member) }
            return .bytes(entry.bytes)
        case .output:
            let id = try id(name, member)
            guard let stream = try lookup.output(id) else { throw missing(member) }
            return .stream(stream.chunks, id: id)
        case .tree:
            guard let file else {
                throw CacheStoreError(
                    .badArgument,
                    "a module tree has no content of its own",
                    path: path,
                    member: member
                )
            }
            guard let (tree, chunks) = try lookup.tree(try module(name, member)) else {
                throw missing(member)
            }
            return try find(file, of: tree, chunks)
        case .checksum:
            guard let bytes = try lookup.checksumFile(name) else { throw missing(member) }
            return .bytes(bytes)
        default: return try findDownload(kind, name, lookup, member)
        }
    }

    private func findDownload(
        _ kind: Member.Kind,
        _ name: String,
        _ lookup: borrowing IndexLookup,
        _ member: String
    ) throws -> MemberContent.Source {
        guard let download = MemberSet.DownloadKind(rawValue: kind.rawValue),
            let found = try lookup.download(try module(name, member), download)
        else { throw missing(member) }
        switch found {
        case .bytes(let bytes): return .bytes(bytes)
        case .stream(let stream, let id): return .stream(stream.chunks, id: id)
        case .derivedZip:
            throw CacheStoreError(
                .notFound,
                "the zip is not stored, since the module's tree makes it",
                path: path,
                member: member,
                remedy: .readTree
            )
        }
    }

    private func find(
        _ file: String,
        of tree: MemberSet.Tree,
        _ chunks: [ChunkRecord]
    ) throws -> MemberContent.Source {
        var reader = try ChunkReader(self)
        let manifest = try reader.manifest(of: tree, chunks: chunks)
        var start = 0
        for entry in manifest.entries {
            // Paths are compared by bytes, because Swift takes two spellings of one letter for equal.
            if entry.path.utf8.elementsEqual(file.utf8) {
                return .part(start..<start + entry.size, of: tree.chunks.numbers.map { chunks[$0] })
            }
            start += entry.size
        }
        throw missing("file \(tree.module.text)/\(file)")
    }

    private func id(_ name: String, _ member: String) throws(CacheStoreError) -> ObjectID {
        guard let id = ObjectID(name) else {
            throw CacheStoreError(.badArgument, "an ID has 64 hexadecimal digits", path: path, member: member)
        }
        return id
    }

    private func module(_ name: String, _ member: String) throws(CacheStoreError) -> ModuleKey {
        guard let module = ModuleKey(name) else {
            let fault = ModuleKey.fault(in: name) ?? "it is not a module"
            throw CacheStoreError(
                .badArgument,
                "not a name of a module: \(fault)",
                path: path,
                member: member
            )
        }
        return module
    }

    private func missing(_ member: String) -> CacheStoreError {
        CacheStoreError(
            .notFound,
            "the archive has no such member",
            path: path,
            member: member,
            remedy: .listMembers
        )
    }
}
