/// The chunks of an index in the order in which members use them.
///
/// Each chunk is checked when it is read. Frames lie in the order of their first use. Therefore, a chunk that
/// was not used yet must be the next one in the table of chunks, and one row of each table is enough. Only a
/// chunk that is used again is looked up.
final class ChunkUses {
    private let reader: IndexReader
    private let streams: SQLiteStatement
    private let chunks: SQLiteStatement
    private let lookup: SQLiteStatement

    /// The row of a stream that was read and not used yet; SQLite counts streams and chunks from 1.
    private var next: (stream: Int, position: Int, chunkRow: Int)?

    /// The number of chunks that were used so far.
    private(set) var count = 0

    /// The offset at which the frames of the used chunks end, in bytes.
    private var end = 0

    /// The content so far, in bytes: of all chunks, and of all their uses.
    private(set) var content = 0

    init(_ reader: IndexReader) throws {
        self.reader = reader
        streams = try reader.database.prepare("SELECT id, position, chunk FROM stream ORDER BY id, position")
        let columns = "SELECT id, digest, offset, stored, size, checksum FROM chunk"
        chunks = try reader.database.prepare("\(columns) ORDER BY id")
        lookup = try reader.database.prepare("\(columns) WHERE id = ?")
        try readStreamRow()
    }

    private func readStreamRow() throws {
        guard try streams.step() else {
            next = nil
            return
        }
        guard let stream = streams.integer(0), let position = streams.integer(1),
            let chunk = streams.integer(2)
        else { throw reader.fault("a stream has a chunk that is not there, or belongs to no member") }
        next = (stream, position, chunk)
    }

    /// Adds content, and refuses more than an archive with these frames may have.
    ///
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``.
    func add(content bytes: Int) throws(CacheStoreError) {
        // There are less than 2⁴⁰ rows, and none adds more than 2³⁶ bytes, so the sum stays below 2⁶³.
        content += bytes
        guard content <= FormatLimits.content(ofFrames: reader.framesSize) else {
            let fault = reader.fault("it has more content than frames of this length may hold")
            throw fault.code == .corruptArchive ? fault.advising(.distrust) : fault
        }
    }

    /// Returns the chunk in a row of the table, which a member uses now; rows are counted from 1.
    func use(row: Int) throws -> ChunkUse {
        let use = try found(row: row)
        try add(content: use.record.contentBytes)
        return use
    }

    private func found(row: Int) throws -> ChunkUse {
        if row == count + 1 {
            guard let record = try nextChunk() else { throw missing }
            return ChunkUse(number: ChunkNumber(row - 1), record: record, isFirst: true)
        }
        guard (1...max(1, count)).contains(row), count > 0 else {
            throw reader.fault("its frames are not in the order of the members")
        }
        lookup.reset()
        try lookup.bind(1, row)
        guard try lookup.step(), let offset = lookup.integer(2), (0..<reader.framesSize).contains(offset),
            let record = record(in: lookup, at: offset)
        else { throw missing }
        lookup.reset()
        return ChunkUse(number: ChunkNumber(row - 1), record: record, isFirst: false)
    }

    private var missing: CacheStoreError {
        reader.fault("a stream has a chunk that is not there, or belongs to no member")
    }

    /// Returns the next chunk of the table, or `nil` after the last.
    func nextChunk() throws -> ChunkRecord? {
        guard try chunks.step() else { return nil }
        guard chunks.integer(0) == count + 1, count < Int(UInt32.max),
            let record = record(in: chunks, at: end)
        else { throw reader.fault("its frames do not lie end to end") }
        count += 1
        end += record.storedBytes
        try add(content: record.contentBytes)
        return record
    }

    /// Returns the chunk in a row, or `nil` if its frame does not lie at `offset` or can't be a frame.
    private func record(in row: borrowing SQLiteStatement, at offset: Int) -> ChunkRecord? {
        guard let id = row.id(1), row.integer(2) == offset, let stored = row.integer(3),
            let content = row.integer(4), let checksum = row.integer(5),
            ChunkRecord.isPossible(contentBytes: content, storedBytes: stored),
            stored <= reader.framesSize - offset
        else { return nil }
        return ChunkRecord(
            id: id,
            offset: offset,
            storedBytes: stored,
            contentBytes: content,
            checksum: UInt64(UInt(bitPattern: checksum))
        )
    }

    /// Reads the chunks of the next member's stream, whose lengths must add up to `size`.
    ///
    /// - Parameters:
    ///   - id: The stream's number in the table, from 1: one more than the number of the last stream.
    ///   - size: The length of the stream's content, in bytes; `nil` if the index does not state it.
    ///   - member: The member, for messages.
    ///   - uses: The buffer that gets the chunks; they replace its elements.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``, or ``SQLiteError``.
    func stream(
        _ id: Int,
        size: Int?,
        of member: @autoclosure () -> String,
        into uses: inout [ChunkUse]
    ) throws {
        uses.removeAll(keepingCapacity: true)
        guard size ?? 0 >= 0 else { throw reader.fault("a size or a stream is negative", member()) }
        var sum = 0
        while let row = next, row.stream <= id {
            guard row.stream == id, row.position == uses.count else {
                throw reader.fault("the chunks of stream \(row.stream) are not in order")
            }
            let use = try use(row: row.chunkRow)
            uses.append(use)
            // There are at most 2³² chunks of 8 MiB, so the sum stays far below 2⁶³.
            sum += use.record.contentBytes
            try readStreamRow()
        }
        if let size, sum != size {
            throw reader.fault("its chunks have \(sum) bytes, but its length is \(size)", member())
        }
    }

    /// Ends the members, and reads the chunks that are left.
    ///
    /// These chunks must be ordered by ID; no member uses them.
    ///
    /// - Parameter unused: Called with each of these chunks.
    /// - Throws: The error of `unused`, ``CacheStoreError`` with code
    ///   ``CacheStoreError/Code/corruptArchive``, or ``SQLiteError``.
    func finish(unused: (ChunkUse) throws -> Void) throws {
        if let next { throw reader.fault("stream \(next.stream) belongs to no member") }
        var last: ObjectID?
        while let record = try nextChunk() {
            if let last, record.id < last {
                throw reader.fault("its frames are not in the order of the members")
            }
            last = record.id
            try unused(ChunkUse(number: ChunkNumber(count - 1), record: record, isFirst: true))
        }
        guard end == reader.framesSize else {
            throw reader.fault("its frames do not fill the space before it")
        }
    }
}
