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

    /// Creates a reader.
    ///
    /// - Throws: ``CacheStoreError`` if there is no memory for a decoder.
    init(_ archive: Archive) throws(CacheStoreError) {
        self.archive = archive
        do {
            decompressor = try ZstdDecompressor()
        } catch {
            throw CacheStoreError(.io, "cannot start decoding (\(error))", path: archive.path)
        }
    }

    /// Makes ``content`` the content of `chunk`.
    ///
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive`` if the frame does
    ///   not have its checksum, is no frame of that length, or its content does not have its SHA-256.
    mutating func read(_ chunk: ChunkRecord) throws(CacheStoreError) {
        try archive.readFrames([chunk], into: &frame)
        // The buffer leaves the reader while it is filled.
        var buffer: [UInt8] = []
        swap(&buffer, &content)
        defer { swap(&buffer, &content) }
        let isWhole: Bool
        do {
            isWhole = try decompressor.decode(frame.span, size: chunk.size, into: &buffer)
        } catch {
            throw archive.damaged(chunk, "the frame can't be decoded, \(error)")
        }
        guard isWhole else {
            throw archive.damaged(chunk, "the frame is not one frame of \(chunk.size) bytes")
        }
        guard ContentHasher.hash(buffer.span) == chunk.id else {
            throw archive.damaged(chunk, "the content does not have its SHA-256")
        }
    }

    /// The error for a chunk that is not what the index says.
    func damaged(_ chunk: ChunkRecord, _ message: String) -> CacheStoreError {
        archive.damaged(chunk, message)
    }
}
