/// A file whose content is a stream of an archive.
struct StreamWriter {
    /// The SHA-256 of the whole.
    var id: ObjectID

    /// The length in bytes.
    var size: Int

    /// Its chunks.
    var chunks: [ChunkRecord]

    /// Its permission bits.
    var mode: UInt32 = 0o644

    /// Its modification time in seconds since 1970, or `nil` for now.
    var time: Int?

    /// Creates the description of a file.
    init(id: ObjectID, size: Int, chunks: [ChunkRecord]) {
        self.id = id
        self.size = size
        self.chunks = chunks
    }

    /// Puts the file under `name`, unless it is there with the right content.
    ///
    /// - Parameters:
    ///   - name: Its name.
    ///   - directory: Where.
    ///   - isKnownAbsent: Whether nothing can be there.
    ///   - reader: Reads the chunks.
    ///   - check: Called before each chunk; what it throws ends the work.
    /// - Returns: What was done.
    /// - Throws: What `check` throws, or ``CacheStoreError``; nothing is left then.
    func put(
        _ name: String,
        in directory: borrowing Directory,
        isKnownAbsent: Bool = false,
        with reader: inout ChunkReader,
        check: () throws -> Void
    ) throws -> PutOutcome {
        try FilePlacement(mode: mode, time: time).put(name, in: directory, isKnownAbsent: isKnownAbsent) {
            status in
            try isRight(name, status, in: directory)
        } write: { file in
            try write(to: file, with: &reader, check: check)
        }
    }

    /// Whether a file has the content and the executable bit.
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

    /// Writes the content to a file.
    func write(
        to file: borrowing File,
        with reader: inout ChunkReader,
        check: () throws -> Void
    ) throws {
        // Of a stream of one chunk, the chunk's name is the whole's: checked already.
        if chunks.count == 1, chunks[0].id == id {
            try check()
            try reader.read(chunks[0])
            return try file.write(reader.content.span, at: 0)
        }
        var hasher = ContentHasher()
        var offset = 0
        for chunk in chunks {
            try check()
            try reader.read(chunk)
            hasher.update(reader.content.span)
            try file.write(reader.content.span, at: offset)
            offset += reader.content.count
        }
        guard hasher.finish() == id else {
            throw CacheStoreError(.corruptArchive, "damaged archive: its content is not its name, \(id)")
        }
    }
}
