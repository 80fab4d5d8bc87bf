/// A chunk, as a member uses it.
struct ChunkUse: Sendable {
    /// Its number, from 0, which is its frame's place.
    var number: UInt32
    var record: ChunkRecord
    /// Whether no member used it before.
    var isFirst: Bool
}

/// The chunks of an index in the order in which members use them, each checked as it comes.
///
/// Frames lie in the order of their first use: so a chunk that was not used yet must be the next one of its table, and
/// one row of each table is enough. Only a chunk that comes again is looked up.
final class ChunkUses {
    private let reader: IndexReader
    private let streams: SQLiteStatement
    private let chunks: SQLiteStatement
    private let lookup: SQLiteStatement

    /// The row of a stream that was read and not used yet.
    private var next: (stream: Int, position: Int, chunk: Int)?

    /// The chunks that were used.
    private(set) var count = 0

    /// Where their frames end.
    private var end = 0

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

    /// The chunk with a number, from 1, which a member uses now.
    func use(_ number: Int) throws -> ChunkUse {
        if number == count + 1 {
            guard let record = try nextChunk() else { throw missing }
            return ChunkUse(number: UInt32(number - 1), record: record, isFirst: true)
        }
        guard (1...max(1, count)).contains(number), count > 0 else {
            throw reader.fault("its frames are not in the order of the members")
        }
        lookup.reset()
        try lookup.bind(1, number)
        guard try lookup.step(), let offset = lookup.integer(2), (0..<reader.framesSize).contains(offset),
            let record = record(in: lookup, at: offset)
        else { throw missing }
        lookup.reset()
        return ChunkUse(number: UInt32(number - 1), record: record, isFirst: false)
    }

    private var missing: CacheStoreError {
        reader.fault("a stream has a chunk that is not there, or belongs to no member")
    }

    /// Goes on to the next chunk of the table.
    func nextChunk() throws -> ChunkRecord? {
        guard try chunks.step() else { return nil }
        guard chunks.integer(0) == count + 1, count < Int(UInt32.max),
            let record = record(in: chunks, at: end)
        else { throw reader.fault("its frames do not lie end to end") }
        count += 1
        end += record.stored
        return record
    }

    /// The chunk in a row, if its frame lies at `offset` and can be one.
    private func record(in row: borrowing SQLiteStatement, at offset: Int) -> ChunkRecord? {
        guard let id = row.id(1), row.integer(2) == offset, let stored = row.integer(3),
            let size = row.integer(4), let checksum = row.integer(5),
            ChunkRecord.isPossible(size: size, stored: stored), stored <= reader.framesSize - offset
        else { return nil }
        return ChunkRecord(
            id: id,
            offset: offset,
            stored: stored,
            size: size,
            checksum: UInt64(UInt(bitPattern: checksum))
        )
    }

    /// The chunks of the next member's stream, whose sizes must add up to `size`.
    ///
    /// - Parameters:
    ///   - id: The stream, from 1: one more than the last.
    ///   - size: The length of its content, in bytes.
    ///   - member: The member, for messages.
    ///   - uses: Is replaced by the chunks.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``, or ``SQLiteError``.
    func stream(
        _ id: Int,
        size: Int,
        of member: @autoclosure () -> String,
        into uses: inout [ChunkUse]
    ) throws {
        uses.removeAll(keepingCapacity: true)
        guard size >= 0 else { throw reader.fault("a size or a stream is negative", member()) }
        var sum = 0
        while let row = next, row.stream <= id {
            guard row.stream == id, row.position == uses.count else {
                throw reader.fault("the chunks of stream \(row.stream) are not in order")
            }
            let use = try use(row.chunk)
            uses.append(use)
            // At most 2³² chunks of 8 MiB: the sum stays far below 2⁶³.
            sum += use.record.size
            try readStreamRow()
        }
        guard sum == size else {
            throw reader.fault("its chunks have \(sum) bytes, and it \(size)", member())
        }
    }

    /// Ends the members: what is left are the chunks that none uses, ordered by ID.
    ///
    /// - Parameter unused: Is called with each of them.
    /// - Throws: What `unused` throws, ``CacheStoreError`` with code
    ///   ``CacheStoreError/Code/corruptArchive``, or ``SQLiteError``.
    func finish(unused: (ChunkUse) throws -> Void) throws {
        if let next { throw reader.fault("stream \(next.stream) belongs to no member") }
        var last: ObjectID?
        while let record = try nextChunk() {
            if let last, record.id < last {
                throw reader.fault("its frames are not in the order of the members")
            }
            last = record.id
            try unused(ChunkUse(number: UInt32(count - 1), record: record, isFirst: true))
        }
        guard end == reader.framesSize else {
            throw reader.fault("its frames do not fill the space before it")
        }
    }
}
