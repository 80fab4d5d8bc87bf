import SystemPackage

/// A long list of records in a scratch file, which is written once from end to end and then read.
final class Spool<Record: BitwiseCopyable> {
    private let scratch: ScratchFile
    private var buffer: [Record] = []

    /// The number of records.
    private(set) var count = 0

    /// The number of records that are written or read at once.
    static var pieceCount: Int { 4096 }

    /// Creates an empty list.
    ///
    /// - Parameter path: The path of the archive beside which the scratch file lies.
    /// - Throws: ``CacheStoreError`` as the system says.
    init(beside path: FilePath) throws(CacheStoreError) {
        scratch = try ScratchFile(beside: path)
        buffer.reserveCapacity(Self.pieceCount)
    }

    /// Adds a record at the end.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func append(_ record: Record) throws(CacheStoreError) {
        buffer.append(record)
        count += 1
        if buffer.count == Self.pieceCount { try flush() }
    }

    /// Ends the writing; records can be read from then on.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func flush() throws(CacheStoreError) {
        let offset = (count - buffer.count) * MemoryLayout<Record>.stride
        // The records leave `buffer` while they are written.
        var piece: [Record] = []
        swap(&piece, &buffer)
        defer { swap(&piece, &buffer) }
        // A record contains no pointers, so its bytes are the whole record.
        let result = unsafe piece.withUnsafeBytes { bytes in
            Result { () throws(CacheStoreError) in try unsafe scratch.write(bytes, at: offset) }
        }
        try result.get()
        piece.removeAll(keepingCapacity: true)
    }

    /// Returns the record at a position below ``count``; the list must be flushed.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func record(at position: Int) throws(CacheStoreError) -> Record? {
        try Self.records(in: scratch, from: position, count: 1).first
    }

    /// Returns a cursor that starts at the first record; the list must be flushed.
    func cursor() -> SpoolCursor<Record> { SpoolCursor(scratch, count: count) }

    /// Returns `count` records, read at once.
    static func records(
        in scratch: ScratchFile,
        from position: Int,
        count: Int
    ) throws(CacheStoreError) -> [Record] {
        let stride = MemoryLayout<Record>.stride
        let bytes = try scratch.file.bytes(at: position * stride, count: count * stride)
        // ``flush()`` wrote each of these records from a value of this type.
        return unsafe bytes.withUnsafeBytes { bytes in
            (0..<bytes.count / stride).map {
                unsafe bytes.loadUnaligned(fromByteOffset: $0 * stride, as: Record.self)
            }
        }
    }
}
