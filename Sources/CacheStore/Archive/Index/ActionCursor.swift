/// The action entries of an index, one at a time in the order of their IDs.
///
/// Each entry is checked when it is read.
final class ActionCursor {
    /// An action entry, as the index stores it.
    struct Row: Sendable, BitwiseCopyable {
        var id: ObjectID
        var output: OutputNumber
        var sources: SourceSetNumber
    }

    private let reader: IndexReader
    private let statement: SQLiteStatement
    private var last: Row?
    private var isAtEnd = false

    /// For each output, whether an entry has referred to the output so far.
    private var isUsed: BitArray

    /// Creates a cursor that begins with the first action entry.
    init(_ reader: IndexReader) throws {
        self.reader = reader
        statement = try reader.prepare("SELECT id, output, sources FROM action ORDER BY id, output")
        isUsed = BitArray(count: reader.outputCount)
    }

    /// Goes on to the next action entry.
    ///
    /// - Returns: The entry, or `nil` after the last; by then, at least one entry has referred to each
    ///   output.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``.
    func next() throws -> Row? { try reader.reading { try step() } }

    private func step() throws -> Row? {
        // After the last row, SQLite would begin again.
        guard !isAtEnd, try statement.step() else {
            isAtEnd = true
            if let unused = isUsed.firstUnset {
                let id = try reader.output(OutputNumber(unused)).id
                throw reader.fault("no action entry refers to it", "output \(id)")
            }
            return nil
        }
        guard let id = statement.id(0), let output = statement.integer(1),
            (1...max(1, reader.outputCount)).contains(output), reader.outputCount > 0
        else { throw reader.fault("an action entry has no output") }
        isUsed[output - 1] = true
        let row = Row(
            id: id,
            output: OutputNumber(output - 1),
            sources: try reader.sourceSet(statement.integer(2), of: "action \(id)")
        )
        // Outputs are numbered in the order of their IDs.
        if let last, (last.id, last.output) >= (row.id, row.output) {
            throw reader.fault("it is not in order", "action \(id)")
        }
        last = row
        return row
    }
}
