/// Copies frames, as they are stored, from archives to a new one where they lie end to end.
struct FrameTransfer: Sendable {
    /// Frames that lie end to end in an input and in the new archive alike.
    private struct Run: Sendable {
        var input: Int
        var records: [ChunkRecord]
        /// Where the run begins in the new archive, in bytes.
        var offset: Int
        /// The length of the run, in bytes.
        var count: Int
    }

    private var runs: [Run] = []

    /// A run is not much longer than this, in bytes.
    private static let preferredSize = 1 << 20

    /// Plans to copy frames.
    ///
    /// - Parameter places: The frames, in the order of the new archive.
    init(_ places: some Sequence<FrameTable.Place>) {
        var offset = 0
        for place in places {
            if let last = runs.last, last.input == place.input, last.count < Self.preferredSize,
                let end = last.records.last, end.offset + end.stored == place.record.offset
            {
                runs[runs.count - 1].records.append(place.record)
                runs[runs.count - 1].count += place.record.stored
            } else {
                let count = place.record.stored
                runs.append(Run(input: place.input, records: [place.record], offset: offset, count: count))
            }
            offset += place.record.stored
        }
    }

    /// Copies the frames; each is checked on its way.
    ///
    /// - Parameters:
    ///   - archives: The inputs.
    ///   - writer: The new archive.
    ///   - jobs: The number of threads, or `nil` for one a processor.
    ///   - counters: Are told how far the work has come.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive`` for a frame that does not
    ///   have its checksum, or as the system says; or `CancellationError`.
    func copy(
        from archives: [Archive],
        to writer: ArchiveWriter,
        jobs: Int?,
        _ counters: ProgressCounters
    ) async throws {
        counters.begin("copying", bytes: runs.reduce(0) { $0 + $1.count }, items: runs.count)
        let threads = WorkerThreads.count(for: jobs)
        try await WorkerThreads.forEach(below: runs.count, threads: threads, state: { ReusedBuffer() }) {
            buffer,
            index,
            _ in
            let run = runs[index]
            try archives[run.input].readFrames(run.records, into: &buffer.bytes)
            try writer.write(buffer.bytes.span, at: run.offset)
            counters.add(bytes: run.count)
        }
    }

    private struct ReusedBuffer: ~Copyable {
        var bytes: [UInt8] = []
    }
}
