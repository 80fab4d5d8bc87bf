extension StreamSurvey {
    /// The length of a file, in bytes, from which on the threads of a crew share it.
    static let sharedSize = ChunkReader.sharedSize

    /// The state of a thread: what it needs for files of its own, and a buffer for a chunk of a shared one.
    struct Worker: ~Copyable {
        let root: Directory
        var cutter: StreamCutter
        fileprivate let early: EarlyFrames.Worker?
        fileprivate var buffer: [UInt8] = []
        /// The place of the chunk at the beginning of the buffer.
        fileprivate var chunk = 0..<0

        /// Surveys a file without other threads.
        ///
        /// - Returns: The survey, and the SHA-256 of the whole content.
        /// - Throws: ``CacheStoreError`` as the system says.
        mutating func readAlone(_ file: borrowing File) throws(CacheStoreError) -> (StreamSurvey, ObjectID) {
            // There is memory for one buffer.
            buffer = []
            return try StreamSurvey.file(file, &cutter)
        }

        init(root: consuming Directory, _ frames: EarlyFrames?) {
            self.root = root
            early = EarlyFrames.Worker(frames)
            cutter = StreamCutter(early)
        }
    }

    /// Surveys a long file with all threads of a crew that have nothing else to do.
    ///
    /// One thread at a time reads the next bytes and finds the cut, and one adds them to the hash of the
    /// whole, in order. Meanwhile, others hash chunks.
    ///
    /// - Parameters:
    ///   - file: The file.
    ///   - worker: The state of the thread that has come upon the file.
    ///   - crew: The threads.
    /// - Returns: The survey, and the SHA-256 of the whole content.
    /// - Throws: ``CacheStoreError`` as the system says, or `CancellationError`.
    static func file(
        _ file: borrowing File,
        _ worker: inout Worker,
        sharedBy crew: Crew<Worker>
    ) throws -> (StreamSurvey, ObjectID) {
        let source = try SharedFile(file)
        let position = Gathered(0)
        let chunks = Gathered<[Int: StreamCutter.Chunk]>([:])
        let (cancellation, counters) = (crew.cancellation, crew.counters)
        let stream = SharedStream<Worker> { worker, _ in
            try cancellation.check()
            if worker.buffer.isEmpty { worker.cutter.release() }
            let start = position.value
            try source.file.read(at: start, count: Chunker.maximumSize, into: &worker.buffer)
            let end = start + Chunker.firstCut(of: worker.buffer.span)
            worker.chunk = start..<end
            position.update { $0 = end }
            return !worker.chunk.isEmpty
        } work: { worker, number in
            let chunk = StreamCutter.chunk(
                worker.buffer.span.extracting(first: worker.chunk.count),
                at: worker.chunk.lowerBound
            )
            chunks.update { $0[number] = chunk }
            worker.early?.add(worker.buffer.span.extracting(first: chunk.size), chunk.id)
            counters?.add(bytes: chunk.size, items: 0)
        } end: { worker, hasher in
            hasher.update(worker.buffer.span.extracting(first: worker.chunk.count))
        }
        crew.share(with: &worker) { stream.step(&$0) }
        let id = try stream.finish()
        let ordered = chunks.value.sorted { $0.key < $1.key }.map(\.value)
        return (StreamSurvey(chunks: ordered, size: ordered.last.map { $0.offset + $0.size } ?? 0), id)
    }
}
