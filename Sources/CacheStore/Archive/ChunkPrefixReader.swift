/// A reader of the beginnings of an archive's chunks, which decodes of each chunk no more than is asked for.
///
/// The stored bytes of each frame are checked, and not the SHA-256 of the content. So the bytes serve only to
/// learn what a member is, and not to write the member anywhere.
///
/// Each worker has its own reader. A reader holds a decoder with its window, and two buffers: one for at most
/// one chunk, and one for the chunk's frame.
struct ChunkPrefixReader: ~Copyable {
    private let frames: FrameFile
    private var decoder: ZstdPrefixDecompressor
    private var frame: [UInt8] = []

    /// The first bytes of the chunk that was read last, as many as were needed so far.
    private var content: [UInt8] = []

    /// The chunk that was read last, or `nil` if its frame is not known to be sound.
    private var last: ChunkRecord?

    /// Creates a reader.
    ///
    /// - Throws: ``CacheStoreError`` if there is not enough memory for a decoder.
    init(_ archive: Archive) throws(CacheStoreError) {
        frames = archive.frames
        do {
            decoder = try ZstdPrefixDecompressor()
        } catch {
            throw CacheStoreError.undecoded(error, frames.path)
        }
    }

    /// Reads a part of a stream.
    ///
    /// - Parameters:
    ///   - range: The range of the part, in bytes; bytes behind the stream's end are left out.
    ///   - chunks: The stream's chunks.
    /// - Returns: The bytes.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive`` if a frame does not
    ///   have its checksum, or can't be decoded up to the part's end.
    /// - Complexity: O(*n*) in the lengths of the frames that hold the part, and in the bytes of their
    ///   content up to the part's end. Bytes of the chunk that was read last are not decoded again.
    mutating func read(_ range: Range<Int>, of chunks: [ChunkRecord]) throws(CacheStoreError) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(range.count)
        var offset = 0
        for chunk in chunks {
            guard offset < range.upperBound else { break }
            let part = range.clamped(to: offset..<offset + chunk.contentBytes)
            if !part.isEmpty {
                try read(chunk, upTo: part.upperBound - offset)
                bytes += content[part.lowerBound - offset..<part.upperBound - offset]
            }
            offset += chunk.contentBytes
        }
        return bytes
    }

    /// Reads the first bytes of a chunk into ``content``, `count` of them or more.
    private mutating func read(_ chunk: ChunkRecord, upTo count: Int) throws(CacheStoreError) {
        let isNew = chunk != last
        if !isNew, content.count >= count { return }
        last = nil
        if isNew {
            try frames.read([chunk], into: &frame)
            guard ZstdDecompressor.isAllowed(frame.span) else {
                throw frames.damaged(chunk, "the frame is none that the format allows")
            }
            content.removeAll(keepingCapacity: true)
            content.reserveCapacity(chunk.contentBytes)
        }
        // The frame is moved out of the reader while it is decoded.
        var stored: [UInt8] = []
        swap(&stored, &frame)
        defer { swap(&stored, &frame) }
        var isEnough = true
        do {
            if isNew { isEnough = try decoder.begin(stored.span, size: chunk.contentBytes) }
            if isEnough { isEnough = try decoder.decode(stored.span, upTo: count, into: &content) }
        } catch {
            if error.isLackOfMemory { throw CacheStoreError.undecoded(error, frames.path) }
            throw frames.damaged(chunk, "the frame can't be decoded, \(error)")
        }
        guard isEnough else {
            throw frames.damaged(chunk, "the frame is not one frame of \(chunk.contentBytes) bytes")
        }
        last = chunk
    }
}
