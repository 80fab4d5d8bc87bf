/// A reader of an archive's chunks, which checks each chunk before its bytes are used.
///
/// Each worker has its own reader. A reader holds a decoder and two buffers: one for at most one chunk, and
/// one for the chunk's frame.
struct ChunkReader: ~Copyable {
    let archive: Archive
    private let decompressor: ZstdDecompressor

    /// The frame of the content that was read last.
    private(set) var frame: [UInt8] = []

    /// The content that was read last.
    private(set) var content: [UInt8] = []

    /// The ID of the content that was read last, or `nil` if that content is not known to be right.
    private var id: ObjectID?

    /// Creates a reader.
    ///
    /// - Throws: ``CacheStoreError`` if there is not enough memory for a decoder.
    init(_ archive: Archive) throws(CacheStoreError) {
        self.archive = archive
        do {
            decompressor = try ZstdDecompressor()
        } catch {
            throw CacheStoreError.undecoded(error, archive.path)
        }
    }

    /// Reads the content of `chunk` into ``content``.
    ///
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive`` if the frame does not
    ///   have its checksum or is not a frame of that length, or if its content does not have its SHA-256.
    mutating func read(_ chunk: ChunkRecord) throws(CacheStoreError) {
        id = nil
        try archive.readFrames([chunk], into: &frame)
        // The buffer is moved out of the reader while it is filled.
        var buffer: [UInt8] = []
        swap(&buffer, &content)
        defer { swap(&buffer, &content) }
        guard ZstdDecompressor.isAllowed(frame.span) else {
            throw archive.damaged(chunk, "the frame is none that the format allows")
        }
        let isWhole: Bool
        do {
            isWhole = try decompressor.decode(frame.span, size: chunk.contentBytes, into: &buffer)
        } catch {
            if error.isLackOfMemory { throw CacheStoreError.undecoded(error, archive.path) }
            throw archive.damaged(chunk, "the frame can't be decoded, \(error)")
        }
        guard isWhole else {
            throw archive.damaged(chunk, "the frame is not one frame of \(chunk.contentBytes) bytes")
        }
        guard ContentHasher.hash(buffer.span) == chunk.id else {
            throw archive.damaged(chunk, "the content does not have its SHA-256")
        }
        id = chunk.id
    }

    /// Reads a part of a stream.
    ///
    /// - Parameters:
    ///   - range: The range of the part, in bytes; bytes behind the stream's end are left out.
    ///   - chunks: The stream's chunks.
    ///   - body: Called with the part, piece by piece.
    /// - Throws: The errors of ``read(_:)``, or the error of `body`.
    /// - Complexity: O(*n*) in the sizes of the chunks that hold the part; the chunk that was read last is
    ///   not read again.
    mutating func read(
        _ range: Range<Int>,
        of chunks: some Collection<ChunkRecord>,
        _ body: (ArraySlice<UInt8>) throws -> Void
    ) throws {
        var offset = 0
        for chunk in chunks {
            let part = range.clamped(to: offset..<offset + chunk.contentBytes)
            if !part.isEmpty {
                if id != chunk.id { try read(chunk) }
                try body(content[part.lowerBound - offset..<part.upperBound - offset])
            }
            offset += chunk.contentBytes
        }
    }

    /// Returns the error for a tree that does not agree with the index.
    func damaged(_ chunks: [ChunkRecord], _ tree: MemberSet.Tree, _ message: String) -> CacheStoreError {
        archive.damaged(chunks[tree.manifest.first ?? ChunkNumber(0)], message)
    }

    /// Returns the error for a chunk that does not agree with the index.
    func damaged(_ chunk: ChunkRecord, _ message: String) -> CacheStoreError {
        archive.damaged(chunk, message)
    }
}
