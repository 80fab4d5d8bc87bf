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
    ///   - spares: The frames of all inputs, for damaged ones.
    ///   - writer: The new archive.
    ///   - jobs: The number of threads, or `nil` for one per processor.
    ///   - counters: The counters to add to.
    /// - Returns: The sound frames, by the damaged frames. Where a sound frame was stored with other bytes,
    ///   it is not written.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive`` for a frame that does
    ///   not have its checksum and of which no other input has a sound copy, or for a system error; or
    ///   `CancellationError`.
    func copy(
        from archives: [Archive],
        _ spares: SpareFrames,
        to writer: ArchiveWriter,
        jobs: Int?,
        _ counters: ProgressCounters
    ) async throws -> [FramePlace: FramePlace] {
        let replaced = Gathered<[FramePlace: FramePlace]>([:])
        try await copy(from: archives.map(\.frames), to: writer, jobs: jobs, counters) {
            damaged,
            error,
            buffer in
            let (sound, alsoDamaged) = try Self.sound(damaged, spares, into: &buffer)
            guard let sound else {
                throw try archives[damaged.input].naming(error, using: damaged.record)
            }
            replaced.update { replaced in
                for place in [damaged] + alsoDamaged { replaced[place] = sound }
            }
            return sound.record.isStored(as: damaged.record)
        }
        return replaced.value
    }

    /// Copies all runs, and checks each frame before it is written.
    ///
    /// - Parameters:
    ///   - files: The files that hold the frames.
    ///   - writer: The new archive.
    ///   - jobs: The number of threads, or `nil` for one per processor.
    ///   - counters: The counters to add to.
    ///   - mend: Called for a damaged frame, with its error and a buffer; it puts the bytes of a sound frame
    ///     into the buffer, and returns whether those are to be written.
    /// - Throws: The error of `mend`, ``CacheStoreError`` for a system error, or `CancellationError`. If
    ///   several frames are lost, the error of `mend` is that of the first one in the new archive.
    func copy(
        from files: [FrameFile],
        to writer: ArchiveWriter,
        jobs: Int?,
        _ counters: ProgressCounters,
        mend: @escaping @Sendable (FramePlace, CacheStoreError, inout [UInt8]) throws -> Bool
    ) async throws {
        counters.begin("copying", bytes: byteCount, items: count)
        try prepare(files)
        let threads = WorkerThreads.count(for: jobs)
        /// The first frame that is lost, of those that were read: its offset, and its error.
        let lost = Gathered<(offset: Int, error: CacheStoreError)?>(nil)
        try await WorkerThreads.run(count: max(1, min(threads, count))) { cancellation in
            var buffer: [UInt8] = []
            // The runs before one with a lost frame were taken before, and are read to their ends.
            while lost.value == nil, let copy = try self.next() {
                try cancellation.check()
                let file = files[copy.input]
                do throws(CacheStoreError) {
                    try file.read(copy.records, into: &buffer)
                    try writer.write(buffer.span, at: copy.offset)
                } catch {
                    guard error.code == .corruptArchive else { throw error }
                    // One frame of the run is damaged, or several are.
                    var offset = copy.offset
                    for record in copy.records {
                        var isSound = true
                        do throws(CacheStoreError) {
                            try file.read([record], into: &buffer)
                        } catch {
                            guard error.code == .corruptArchive else { throw error }
                            let place = FramePlace(input: copy.input, record: record)
                            do {
                                isSound = try mend(place, error, &buffer)
                            } catch let error as CacheStoreError where error.code == .corruptArchive {
                                lost.update { lost in
                                    if lost.map({ offset < $0.offset }) ?? true { lost = (offset, error) }
                                }
                                break
                            }
                        }
                        if isSound { try writer.write(buffer.span, at: offset) }
                        offset += record.storedBytes
                    }
                }
                counters.add(bytes: copy.count)
            }
        }
        if let lost = lost.value { throw lost.error }
    }

    /// Reads the list of all runs, in order.
    ///
    /// - Throws: ``CacheStoreError`` for a system error.
    /// - Complexity: O(*n*) in the number of frames, in time and memory.
    func list() throws(CacheStoreError) -> [FrameCopy] {
        var (runs, list) = (runs.withLock { $0 }, [FrameCopy]())
        while let copy = try runs.nextRun() { list.append(copy) }
        return list
    }

    /// Asks for all runs that lie in remote files.
    private func prepare(_ files: [FrameFile]) throws(CacheStoreError) {
        guard files.contains(where: { $0.file.remote != nil }) else { return }
        var ranges = [[Range<Int>]](repeating: [], count: files.count)
        for copy in try list() {
            guard let first = copy.records.first else { continue }
            ranges[copy.input].append(first.offset..<first.offset + copy.count)
        }
        for (file, ranges) in zip(files, ranges) { file.file.remote?.prepare(ranges) }
    }

    /// Finds a sound frame of the chunk of a damaged frame, and reads the sound frame.
    ///
    /// The frame is decoded, because its checksum proves nothing about its content. Where the sound frame was
    /// stored with other bytes, the members are laid out again with any other frame of the chunk, so each is
    /// checked.
    ///
    /// - Returns: The sound frame, or `nil` if there is none, and the other frames that are damaged.
    private static func sound(
        _ damaged: FramePlace,
        _ spares: SpareFrames,
        into buffer: inout [UInt8]
    ) throws -> (sound: FramePlace?, damaged: [FramePlace]) {
        var sound: FramePlace?
        var others: [FramePlace] = []
        var content: [UInt8] = []
        for place in try spares.places(of: damaged.record, besides: damaged.input) {
            let file = spares.files[place.input]
            do throws(CacheStoreError) {
                try file.read([place.record], into: &buffer)
                try FrameDecoder(file).decode(buffer.span, of: place.record, in: file, into: &content)
            } catch {
                guard error.code == .corruptArchive else { throw error }
                others.append(place)
                continue
            }
            if place.record.isStored(as: damaged.record) { return (place, []) }
            sound = sound ?? place
        }
        return (sound, others)
    }

    /// Returns the next run, or `nil` after the last.
    private func next() throws(CacheStoreError) -> FrameCopy? {
        try runs.withLock { (runs) throws(CacheStoreError) in try runs.nextRun() }
    }
}
