/// A file whose content is a stream of an archive.
struct StreamWriter {
    /// The SHA-256 of the whole content.
    var id: ObjectID

    /// The length of the content, in bytes.
    var size: Int

    /// The chunks of the content.
    var chunks: [ChunkRecord]

    /// The permission bits of the file.
    var mode: UInt32 = 0o644

    /// The modification time of the file, in seconds since 1970, or `nil` for the present time.
    var time: Int?

    /// Creates the description of a file.
    init(id: ObjectID, size: Int, chunks: [ChunkRecord]) {
        self.id = id
        self.size = size
        self.chunks = chunks
    }

    /// Puts the file under `name`, unless a file with the right content is there.
    ///
    /// - Parameters:
    ///   - name: The name of the file.
    ///   - directory: The directory of the file.
    ///   - isKnownAbsent: Whether it is known that nothing has the name.
    ///   - reader: The reader of the chunks.
    ///   - crew: The threads that share the work if it is long.
    /// - Returns: The outcome.
    /// - Throws: `CancellationError`, or ``CacheStoreError``; nothing is left then.
    func put(
        _ name: String,
        in directory: borrowing Directory,
        isKnownAbsent: Bool = false,
        with reader: inout ChunkReader,
        _ crew: ReadingCrew
    ) throws -> PutOutcome {
        try FilePlacement(mode: mode, time: time).put(name, in: directory, isKnownAbsent: isKnownAbsent) {
            status in
            try isRight(name, status, in: directory)
        } write: { file in
            try write(to: file, with: &reader, crew)
        }
    }

    /// Returns whether a file has the content and the executable bit.
    func isRight(_ name: String, _ status: FileStatus, in directory: borrowing Directory) throws -> Bool {
        guard status.kind == .regular, status.size == size, mode & 0o100 == 0 || status.mode & 0o100 != 0,
            let file = try? directory.file(name)
        else { return false }
        var hasher = ContentHasher()
        var offset = 0
        while offset < size {
            let piece = try file.bytes(at: offset, count: min(1 << 20, size - offset))
            guard !piece.isEmpty else { return false }
            hasher.update(piece.span)
            offset += piece.count
        }
        return hasher.finish() == id
    }

    /// Opens a directory that is there and holds the content as its only file.
    ///
    /// - Parameters:
    ///   - name: The name of the directory.
    ///   - status: The status of what has the name.
    ///   - file: The name of the file.
    ///   - parent: The directory that holds the directory.
    /// - Returns: The directory, or `nil` if what is there is not right.
    /// - Throws: ``CacheStoreError`` as the system says.
    func rightDirectory(
        _ name: String,
        _ status: FileStatus,
        holding file: String,
        in parent: borrowing Directory
    ) throws -> Directory? {
        guard status.kind == .directory, let inner = try parent.directory(name),
            try inner.names().valid == [file], let found = try inner.status(of: file),
            try isRight(file, found, in: inner)
        else { return nil }
        return inner
    }

    /// Writes the content to a file, and checks that the whole has its name.
    ///
    /// - Parameters:
    ///   - file: The file, which is empty.
    ///   - reader: The reader of the chunks.
    ///   - crew: The threads that share the work if it is long.
    /// - Throws: `CancellationError`, or ``CacheStoreError``.
    func write(
        to file: borrowing File,
        with reader: inout ChunkReader,
        _ crew: ReadingCrew
    ) throws {
        // The name of a stream's only chunk is also the name of the whole stream. The reader checks it.
        if chunks.count == 1, chunks[0].id == id {
            try crew.cancellation.check()
            try reader.read(chunks[0])
            return try file.write(reader.content.span, at: 0)
        }
        guard try hash(ofWriting: file, with: &reader, crew) == id else {
            throw try reader.fault(
                among: chunks,
                otherwise: CacheStoreError(
                    .corruptArchive,
                    "damaged archive: its content does not match its name, \(id)"
                )
            ) { try crew.cancellation.check() }
        }
    }

    /// Writes the content to a file.
    ///
    /// - Returns: The SHA-256 of the whole content.
    private func hash(
        ofWriting file: borrowing File,
        with reader: inout ChunkReader,
        _ crew: ReadingCrew
    ) throws -> ObjectID {
        if size >= ChunkReader.sharedSize {
            let target = try SharedFile(file)
            return try reader.read(chunks, isCovered: true, sharedBy: crew) { reader, offset, _ in
                try target.file.write(reader.content.span, at: offset)
            }
        }
        var hasher = ContentHasher()
        var offset = 0
        for chunk in chunks {
            try crew.cancellation.check()
            try reader.read(chunk, isCovered: true)
            hasher.update(reader.content.span)
            try file.write(reader.content.span, at: offset)
            offset += reader.content.count
        }
        return hasher.finish()
    }
}
