/// A cutter of a stream that arrives in pieces, which also names the chunks.
///
/// The cutter holds at most ``Chunker/maximumSize`` bytes and the piece that overfills it.
struct StreamCutter {
    /// A chunk and its place in the stream.
    struct Chunk: Hashable {
        /// The SHA-256 of the content.
        var id: ObjectID
        /// The offset of the chunk in the stream, in bytes.
        var offset: Int
        /// The length of the chunk, in bytes.
        var size: Int
        /// The XXH64 of the content, which is enough to notice that a file has changed since.
        var checksum: UInt64
    }

    private var buffer: [UInt8] = []
    private var done = 0
    private var chunks: [Chunk] = []

    /// Called with each chunk and its content.
    private let body: ((Span<UInt8>, Chunk) -> Void)?

    /// Creates a cutter.
    ///
    /// - Parameter body: Called with each chunk's content and the chunk.
    init(_ body: ((Span<UInt8>, Chunk) -> Void)? = nil) { self.body = body }

    /// Appends the bytes that `read` gives, and adds the same bytes to `hasher`.
    ///
    /// - Parameters:
    ///   - count: The number of bytes to make room for.
    ///   - hasher: The hasher that gets the bytes too.
    ///   - read: Called with the room to fill; it fills all of the room or a part of it.
    /// - Returns: The number of bytes that `read` gave.
    /// - Throws: The error of `read`.
    mutating func append(
        upTo count: Int,
        hashing hasher: inout ContentHasher,
        _ read: (inout OutputSpan<UInt8>) throws(CacheStoreError) -> Void
    ) throws(CacheStoreError) -> Int {
        let before = buffer.count
        // A growing array would take twice the memory for a moment.
        if buffer.capacity < before + count { buffer.reserveCapacity(Chunker.maximumSize + count) }
        try buffer.append(addingCapacity: count) { (room: inout OutputSpan<UInt8>) throws(CacheStoreError) in
            try read(&room)
        }
        let added = buffer.count - before
        hasher.update(buffer.span.extracting(before..<buffer.count))
        while buffer.count >= Chunker.maximumSize { cut() }
        return added
    }

    /// Ends the stream, cuts the rest of it, and makes the cutter ready for another stream.
    ///
    /// - Returns: All chunks in order, and the length of the stream in bytes.
    mutating func finish() -> (chunks: [Chunk], size: Int) {
        while !buffer.isEmpty { cut() }
        defer { reset() }
        return (chunks, done)
    }

    /// Returns the chunks of a tree's manifest: one chunk as long as one can hold it, otherwise as many as
    /// the rule gives.
    static func manifestChunks(of text: [UInt8]) -> [Chunk] {
        var chunks: [Chunk] = []
        var offset = 0
        while offset < text.count {
            let rest = text.span.extracting(offset..<text.count)
            let size = text.count <= Chunker.maximumSize ? text.count : Chunker.firstCut(of: rest)
            chunks.append(chunk(rest.extracting(first: size), at: offset))
            offset += size
        }
        return chunks
    }

    /// Discards the stream that was begun.
    mutating func reset() {
        buffer.removeAll(keepingCapacity: true)
        chunks = []
        done = 0
    }

    /// Discards the stream that was begun, and its buffer.
    mutating func release() {
        buffer = []
        reset()
    }

    private mutating func cut() {
        let chunk = Self.firstChunk(of: buffer.span, at: done)
        chunks.append(chunk)
        body?(buffer.span.extracting(first: chunk.size), chunk)
        buffer.removeFirst(chunk.size)
        done += chunk.size
    }

    private static func firstChunk(of bytes: Span<UInt8>, at offset: Int) -> Chunk {
        chunk(bytes.extracting(first: Chunker.firstCut(of: bytes)), at: offset)
    }

    /// Returns a chunk of which the content is known.
    static func chunk(_ content: Span<UInt8>, at offset: Int) -> Chunk {
        Chunk(
            id: ContentHasher.hash(content),
            offset: offset,
            size: content.count,
            checksum: XXH64.hash(content)
        )
    }
}
