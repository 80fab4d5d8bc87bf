/// A compression of chunks on several threads, which writes the frames of a new archive in their order.
struct FrameCompression: Sendable {
    /// The level, in ``ZstdCompressor/levels``.
    let level: Int

    /// The number of threads.
    let threads: Int

    /// The form in which a reader has a chunk.
    enum Found {
        /// The content, which is in the buffer.
        case content
        /// The frame, of the same level.
        case frame(FrameSequence.Frame)
        /// Nothing that can be written.
        case nothing
    }

    private struct State<Reader: ~Copyable>: ~Copyable {
        var reader: Reader
        let compressor: ZstdCompressor
        var content: [UInt8] = []
    }

    /// Compresses chunks, and writes their frames end to end from the beginning of the file.
    ///
    /// The bytes that are written depend on the chunks, the level and the version of libzstd alone.
    ///
    /// - Parameters:
    ///   - chunks: The chunks in the order of their frames; their places are those of other frames, or none.
    ///   - writer: The new archive.
    ///   - counters: The counters to add to.
    ///   - makeReader: Called once per thread; it makes the value that the thread reads with.
    ///   - read: Called with that value, a chunk's position and a buffer. It puts the chunk's content into
    ///     the buffer, or has the chunk's frame already, or finds that the chunk can't be written.
    /// - Returns: The chunks with the places of the new frames; `nil` for a chunk that was not written.
    /// - Throws: The errors of `makeReader` and `read`; ``CacheStoreError`` for a lack of memory or a system
    ///   error; or `CancellationError`.
    /// - Complexity: O(*n*) in the content. Each thread has the content of a chunk, two frames, and the
    ///   memory of a compressor: 1 MiB at level 3, 12 MiB at level 9, 81 MiB at level 19.
    func write<Reader: ~Copyable>(
        _ chunks: [ChunkRecord],
        to writer: ArchiveWriter,
        _ counters: ProgressCounters,
        reader makeReader: @escaping @Sendable () throws -> Reader,
        read: @escaping @Sendable (inout Reader, Int, inout [UInt8]) throws -> Found
    ) async throws -> [ChunkRecord?] {
        counters.begin(
            "compressing",
            bytes: chunks.reduce(0) { $0 + $1.contentBytes },
            items: chunks.count
        )
        let sequence = FrameSequence(workers: threads)
        try await WorkerThreads.forEach(
            below: chunks.count,
            threads: threads,
            state: { State(reader: try makeReader(), compressor: try compressor()) }
        ) { state, index, cancellation in
            do {
                try cancellation.check()
                let frame: FrameSequence.Frame? =
                    switch try read(&state.reader, index, &state.content) {
                    case .content: try Self.frame(state.content.span, state.compressor)
                    case .frame(let frame): frame
                    case .nothing: nil
                    }
                try sequence.bring(index, frame) { try writer.write($0, at: $1) }
                counters.add(bytes: chunks[index].contentBytes)
            } catch {
                sequence.stop()
                throw error
            }
        }
        return zip(chunks, sequence.places).map { chunk, place in place?.record(of: chunk) }
    }

    private func compressor() throws(CacheStoreError) -> ZstdCompressor {
        do {
            return try ZstdCompressor(level: level)
        } catch {
            throw CacheStoreError.uncompressed(error)
        }
    }

    /// Returns the frame of a chunk's content.
    ///
    /// - Throws: ``CacheStoreError`` for a lack of memory.
    static func frame(
        _ content: Span<UInt8>,
        _ compressor: borrowing ZstdCompressor
    ) throws(CacheStoreError) -> FrameSequence.Frame {
        do {
            let bytes = try compressor.frame(content)
            return FrameSequence.Frame(bytes: bytes, checksum: XXH64.hash(bytes.span))
        } catch {
            throw CacheStoreError.uncompressed(error)
        }
    }
}
