/// The outputs of an index that was checked, one at a time in the order of their IDs, without their chunks.
///
/// An ``OutputCursor`` reads three tables and checks each row. This cursor reads one table again.
final class OutputRowCursor {
    /// An output without its chunks and its class.
    struct Row: Sendable {
        var id: ObjectID
        var size: Int
        /// The name of the file in an executable output's directory; `nil` for an output that is itself a
        /// file.
        var executable: String?
    }

    private let reader: IndexReader
    private let statement: SQLiteStatement
    private var count = 0

    /// The output that was read last; `nil` before the first and after the last.
    private(set) var row: Row?

    /// Creates a cursor that begins with the first output.
    ///
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``.
    init(_ reader: IndexReader) throws {
        self.reader = reader
        statement = try reader.prepare("SELECT digest, size, executable FROM output ORDER BY id")
    }

    /// Goes on to the next output.
    ///
    /// - Returns: The output, or `nil` after the last.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``.
    func next() throws -> Row? {
        row = try reader.reading {
            // After the last row, SQLite would begin again.
            guard count < reader.outputCount else { return nil }
            guard try statement.step(), let id = statement.id(0), let size = statement.integer(1), size >= 0
            else { throw reader.fault("its outputs are not in order") }
            count += 1
            return Row(id: id, size: size, executable: statement.text(2))
        }
        return row
    }
}
