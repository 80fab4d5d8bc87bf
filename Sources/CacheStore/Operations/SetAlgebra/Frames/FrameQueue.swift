import SystemPackage

/// The runs of a new archive's frames, which several threads copy as they are stored.
final class FrameQueue: Sendable {
    /// The number of runs.
    let count: Int

    /// The length of all runs, in bytes.
    let byteCount: Int

    private let runs: Monitor<FrameSpool.Runs>

    /// Creates a queue that begins with the first run.
    ///
    /// - Throws: ``CacheStoreError`` for a system error.
    init(_ frames: FrameSpool) throws(CacheStoreError) {
        (count, byteCount) = (frames.runCount, frames.byteCount)
        runs = Monitor(try FrameSpool.Runs(frames))
    }

    /// Creates a queue for frames that are given in the order of the new archive.
    ///
    /// - Throws: ``CacheStoreError`` for a system error.
    convenience init(_ places: some Sequence<FramePlace>, beside path: FilePath) throws(CacheStoreError) {
        let frames = try FrameSpool(beside: path)
        for place in places { try frames.append(place) }
        try frames.flush()
        try self.init(frames)
    }

    /// Copies all runs, and checks each frame before it is written.
    ///
    /// - Parameters:
    ///   - archives: The inputs.
    ///   - writer: The new archive.
    ///   - jobs: The number of threads, or `nil` for one per processor.
    ///   - counters: The counters to add to.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive`` for a frame that does
    ///   not have its checksum, or for a system error; or `CancellationError`.
    func copy(
        from archives: [Archive],
        to writer: ArchiveWriter,
        jobs: Int?,
        _ counters: ProgressCounters
    ) async throws {
        counters.begin("copying", bytes: byteCount, items: count)
        let threads = WorkerThreads.count(for: jobs)
        try await WorkerThreads.run(count: max(1, min(threads, count))) { cancellation in
            var buffer: [UInt8] = []
            while let copy = try self.next() {
                try cancellation.check()
                try archives[copy.input].readFrames(copy.records, into: &buffer)
                try writer.write(buffer.span, at: copy.offset)
                counters.add(bytes: copy.count)
            }
        }
    }

    /// Returns the next run, or `nil` after the last.
    private func next() throws(CacheStoreError) -> FrameCopy? {
        try runs.withLock { (runs) throws(CacheStoreError) in try runs.nextRun() }
    }
}
