import SystemPackage

/// Where a chunk's frame lies.
struct FramePlace: Hashable, Sendable, BitwiseCopyable {
    /// The position of the archive among the inputs.
    var input: Int
    /// The frame there.
    var record: ChunkRecord
}

/// A run of frames that lie end to end in an input and in the new archive alike.
struct FrameCopy: Sendable {
    /// The position of the archive among the inputs.
    var input: Int

    /// The frames there.
    var records: [ChunkRecord]

    /// Where the run begins in the new archive, in bytes.
    var offset: Int

    /// The length of the run, in bytes.
    var count: Int
}

/// The frames of a new archive in their order, and the runs in which they are copied.
final class FrameSpool {
    private struct Entry: BitwiseCopyable, Sendable {
        var place: FramePlace
        var startsRun: Bool
    }

    private let entries: Spool<Entry>

    /// The runs.
    private(set) var runCount = 0

    /// The length of all frames, in bytes.
    private(set) var byteCount = 0

    // The run that is being added to.
    private var run = (input: -1, end: 0, count: 0)

    /// A run is not much longer than this, in bytes: enough for the disk, and it fits a cache.
    private static let preferredSize = 1 << 20

    init(beside path: FilePath) throws(CacheStoreError) { entries = try Spool(beside: path) }

    /// The number of frames.
    var count: Int { entries.count }

    /// Adds the next frame.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func append(_ place: FramePlace) throws(CacheStoreError) {
        let record = place.record
        let goesOn =
            run.input == place.input && run.end == record.offset && run.count < Self.preferredSize
        if !goesOn {
            runCount += 1
            run = (place.input, record.offset, 0)
        }
        run.end += record.stored
        run.count += record.stored
        byteCount += record.stored
        try entries.append(Entry(place: place, startsRun: !goesOn))
    }

    /// Ends the frames.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func flush() throws(CacheStoreError) { try entries.flush() }

    /// Shows the frames to `body` in order.
    func forEach(_ body: (ChunkRecord) throws -> Void) throws {
        var cursor = entries.cursor()
        while let entry = try cursor.next() { try body(entry.place.record) }
    }

    /// Gives the runs in order.
    struct Runs: Sendable {
        private var cursor: SpoolCursor<Entry>
        private var next: Entry?
        private var offset = 0

        init(_ spool: FrameSpool) throws(CacheStoreError) {
            cursor = spool.entries.cursor()
            next = try cursor.next()
        }

        /// The next run, or `nil` after the last.
        ///
        /// - Throws: ``CacheStoreError`` as the system says.
        mutating func nextRun() throws(CacheStoreError) -> FrameCopy? {
            guard let first = next else { return nil }
            var copy = FrameCopy(input: first.place.input, records: [], offset: offset, count: 0)
            repeat {
                guard let entry = next else { break }
                copy.records.append(entry.place.record)
                copy.count += entry.place.record.stored
                next = try cursor.next()
            } while next?.startsRun == false
            offset += copy.count
            return copy
        }
    }
}
