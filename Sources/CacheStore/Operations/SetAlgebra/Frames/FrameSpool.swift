import SystemPackage

/// The frames of a new archive in order, and the runs in which they are copied.
final class FrameSpool {
    private struct Entry: BitwiseCopyable, Sendable {
        var place: FramePlace
        var startsRun: Bool
    }

    private let entries: Spool<Entry>

    /// The number of runs.
    private(set) var runCount = 0

    /// The length of all frames, in bytes.
    private(set) var byteCount = 0

    // The run to which frames are being added.
    private var run = (input: -1, end: 0, count: 0)

    /// The length at which a run takes no more frames, in bytes: large enough for the disk, yet small enough
    /// to fit a cache.
    private static let preferredSize = 1 << 20

    init(beside path: FilePath) throws(CacheStoreError) { entries = try Spool(beside: path) }

    /// The number of frames.
    var count: Int { entries.count }

    /// Adds the next frame.
    ///
    /// - Throws: ``CacheStoreError`` for a system error.
    func append(_ place: FramePlace) throws(CacheStoreError) {
        let record = place.record
        let goesOn =
            run.input == place.input && run.end == record.offset && run.count < Self.preferredSize
        if !goesOn {
            runCount += 1
            run = (place.input, record.offset, 0)
        }
        run.end += record.storedBytes
        run.count += record.storedBytes
        byteCount += record.storedBytes
        try entries.append(Entry(place: place, startsRun: !goesOn))
    }

    /// Ends the frames.
    ///
    /// - Throws: ``CacheStoreError`` for a system error.
    func flush() throws(CacheStoreError) { try entries.flush() }

    /// Calls `body` with the frames in order.
    func forEach(_ body: (ChunkRecord) throws -> Void) throws {
        var cursor = entries.cursor()
        while let entry = try cursor.next() { try body(entry.place.record) }
    }

    /// A reader of the places of the frames.
    struct Places: Sendable {
        private var cursor: SpoolCursor<Entry>

        /// Creates a reader for a spool that has ended.
        init(_ spool: FrameSpool) { cursor = spool.entries.cursor() }

        /// Returns the next place, or `nil` after the last.
        ///
        /// - Throws: ``CacheStoreError`` for a system error.
        mutating func next() throws(CacheStoreError) -> FramePlace? { try cursor.next()?.place }

        /// Reads the places, in order.
        ///
        /// - Throws: ``CacheStoreError`` for a system error.
        /// - Complexity: O(*n*) in time and memory.
        func read() throws(CacheStoreError) -> [FramePlace] {
            var (cursor, places) = (self.cursor, [FramePlace]())
            while let entry = try cursor.next() { places.append(entry.place) }
            return places
        }
    }

    /// An iterator over the runs, in order.
    struct Runs: Sendable {
        private var cursor: SpoolCursor<Entry>
        private var next: Entry?
        private var offset = 0

        init(_ spool: FrameSpool) throws(CacheStoreError) {
            cursor = spool.entries.cursor()
            next = try cursor.next()
        }

        /// Returns the next run, or `nil` after the last.
        ///
        /// - Throws: ``CacheStoreError`` for a system error.
        mutating func nextRun() throws(CacheStoreError) -> FrameCopy? {
            guard let first = next else { return nil }
            var copy = FrameCopy(input: first.place.input, records: [], offset: offset, count: 0)
            repeat {
                guard let entry = next else { break }
                copy.records.append(entry.place.record)
                copy.count += entry.place.record.storedBytes
                next = try cursor.next()
            } while next?.startsRun == false
            offset += copy.count
            return copy
        }
    }
}
