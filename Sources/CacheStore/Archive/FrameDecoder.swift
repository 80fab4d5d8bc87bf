/// A decoder of frames, which checks that a frame is one that the format allows, and what it holds.
struct FrameDecoder: ~Copyable {
    private let decompressor: ZstdDecompressor

    /// Creates a decoder.
    ///
    /// - Parameter frames: A file, which messages name.
    /// - Throws: ``CacheStoreError`` if there is not enough memory for a decoder.
    init(_ frames: FrameFile) throws(CacheStoreError) {
        do {
            decompressor = try ZstdDecompressor()
        } catch {
            throw CacheStoreError.undecoded(error, frames.path)
        }
    }

    /// Replaces the bytes in `content` with the content of a frame.
    ///
    /// - Parameters:
    ///   - frame: The frame.
    ///   - chunk: The chunk that it must have.
    ///   - frames: The file that it was read from.
    ///   - isCovered: Whether the caller checks the name of something larger, so that the content's own
    ///     SHA-256 is not checked.
    ///   - content: The buffer to fill.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive`` if it is no frame of
    ///   that chunk, or for a lack of memory.
    func decode(
        _ frame: Span<UInt8>,
        of chunk: ChunkRecord,
        in frames: FrameFile,
        isCovered: Bool = false,
        into content: inout [UInt8]
    ) throws(CacheStoreError) {
        guard ZstdDecompressor.isAllowed(frame) else {
            throw frames.damaged(chunk, "the frame is none that the format allows")
        }
        let isWhole: Bool
        do {
            isWhole = try decompressor.decode(frame, size: chunk.contentBytes, into: &content)
        } catch {
            if error.isLackOfMemory { throw CacheStoreError.undecoded(error, frames.path) }
            throw frames.damaged(chunk, "the frame can't be decoded, \(error)")
        }
        guard isWhole else {
            throw frames.damaged(chunk, "the frame is not one frame of \(chunk.contentBytes) bytes")
        }
        if !isCovered { try Self.check(content.span, of: chunk, in: frames) }
    }

    /// Checks that content has the SHA-256 of its chunk.
    ///
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``.
    static func check(
        _ content: Span<UInt8>,
        of chunk: ChunkRecord,
        in frames: FrameFile
    ) throws(CacheStoreError) {
        guard ContentHasher.hash(content) == chunk.id else {
            throw frames.damaged(chunk, "the content does not have its SHA-256")
        }
    }
}
