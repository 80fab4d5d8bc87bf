/// The threads that read an archive, each with a reader of its own.
typealias ReadingCrew = Crew<ChunkReader>

extension ChunkReader {
    /// The length, in bytes, from which on the threads of a crew share a stream.
    ///
    /// A shorter one takes a thread some hundredths of a second.
    static let sharedSize = 16 << 20

    /// Reads a long stream with all threads of a crew that have nothing else to do.
    ///
    /// - Parameters:
    ///   - chunks: The stream's chunks.
    ///   - isCovered: Whether the caller compares the hash of the stream with the stream's name; see
    ///     ``read(_:isCovered:)``.
    ///   - crew: The threads.
    ///   - body: Called for each chunk, with its offset in the stream and its number, by several threads at
    ///     once; the chunk's bytes are the reader's ``content``.
    /// - Returns: The SHA-256 of the whole stream.
    /// - Throws: The error of `body`, `CancellationError`, or the errors of ``read(_:isCovered:)``.
    mutating func read(
        _ chunks: [ChunkRecord],
        isCovered: Bool = false,
        sharedBy crew: ReadingCrew,
        _ body: @escaping @Sendable (borrowing ChunkReader, Int, Int) throws -> Void
    ) throws -> ObjectID {
        var offsets: [Int] = []
        var size = 0
        for chunk in chunks {
            offsets.append(size)
            size += chunk.contentBytes
        }
        let (cancellation, counters) = (crew.cancellation, crew.counters)
        let stream = SharedStream<ChunkReader> { [count = chunks.count] _, number in
            number < count
        } work: { [offsets] reader, number in
            try cancellation.check()
            try reader.read(chunks[number], isCovered: isCovered)
            try body(reader, offsets[number], number)
            counters?.add(bytes: chunks[number].contentBytes, items: 0)
        } end: { reader, hasher in
            hasher.update(reader.content.span)
        }
        crew.share(with: &self) { stream.step(&$0) }
        return try stream.finish()
    }
}
