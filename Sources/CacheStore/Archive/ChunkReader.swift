/// Reads chunks of an archive, and checks each before its bytes are used.
///
/// One for each worker: it holds a decoder and two buffers, of at most one chunk and its frame.
struct ChunkReader: ~Copyable {
    private let archive: Archive
    private let decompressor: ZstdDecompressor

    /// The frame of the content that was read last.
    private(set) var frame: [UInt8] = []

    /// The content that was read last.
    private(set) var content: [UInt8] = []

    /// The name of the content that was read last, if it is what it should be.
    private var id: ObjectID?

    /// Creates a reader.
    ///
    /// - Throws: ``CacheStoreError`` if there is no memory for a decoder.
    init(_ archive: Archive) throws(CacheStoreError) {
        self.archive = archive
        do {
            decompressor = try ZstdDecompressor()
        } catch {
            throw CacheStoreError(.io, "cannot start decoding", path: archive.path, cause: error)
        }
    }

    /// Makes ``content`` the content of `chunk`.
    ///
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive`` if the frame does
    ///   not have its checksum, is no frame of that length, or its content does not have its SHA-256.
    mutating func read(_ chunk: ChunkRecord) throws(CacheStoreError) {
        id = nil
        try archive.readFrames([chunk], into: &frame)
        // The buffer leaves the reader while it is filled.
        var buffer: [UInt8] = []
        swap(&buffer, &content)
        defer { swap(&buffer, &content) }
        let isWhole: Bool
        do {
            isWhole = try decompressor.decode(frame.span, size: chunk.contentBytes, into: &buffer)
        } catch {
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
    ///   - range: Which part, in bytes; what lies behind the stream's end is left out.
    ///   - chunks: The stream's chunks.
    ///   - body: Called with the part, piece by piece.
    /// - Throws: As ``read(_:)`` does, or what `body` throws.
    /// - Complexity: O(*n*) in the sizes of the chunks that hold it; the one that was read last is not read again.
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

    /// Returns the error for a chunk that is not as the index says.
    func damaged(_ chunk: ChunkRecord, _ message: String) -> CacheStoreError {
        archive.damaged(chunk, message)
    }
}
