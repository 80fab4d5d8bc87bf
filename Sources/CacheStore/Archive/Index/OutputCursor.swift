/// The outputs of an index with their chunks, one at a time in the order of the outputs' IDs.
///
/// Each output is checked when it is read.
final class OutputCursor {
    private let reader: IndexReader
    private let statement: SQLiteStatement
    private let uses: ChunkUses

    /// The number of outputs read so far.
    private(set) var count = 0

    /// The number of the output that was read last.
    ///
    /// At least one output must have been read.
    var number: OutputNumber { OutputNumber(count - 1) }

    /// The output that was read last.
    private(set) var output: MemberSet.Output?

    /// The chunks of the output that was read last.
    private(set) var chunks: [ChunkUse] = []

    private var isAtEnd = false

    /// The classes found so far, each with the bytes of its name.
    private var classes: [(name: [UInt8], value: EntryClass)] = []

    /// Creates a cursor that begins with the first output.
    ///
    /// - Parameters:
    ///   - reader: The index.
    ///   - uses: The chunks, if the caller goes on with them after the outputs.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``.
    init(_ reader: IndexReader, _ uses: ChunkUses? = nil) throws {
        self.reader = reader
        self.uses = if let uses { uses } else { try reader.reading { try ChunkUses(reader) } }
        statement = try reader.prepare("SELECT id, digest, size, executable, kind FROM output ORDER BY id")
    }

    /// Goes on to the next output.
    ///
    /// - Returns: Whether there is a next output.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive`` or
    ///   ``CacheStoreError/Code/unsafePath``.
    func next() throws -> Bool { try reader.reading { try step() } }

    private func step() throws -> Bool {
        // After the last row, SQLite would begin again.
        guard !isAtEnd, try statement.step() else {
            isAtEnd = true
            output = nil
            return false
        }
        guard let id = statement.integer(0), id == count + 1, let digest = statement.id(1),
            let size = statement.integer(2), size <= FormatLimits.outputSize,
            output.map({ $0.id < digest }) ?? true,
            let contentClass = contentClass()
        else { throw reader.fault("its outputs are not in order") }
        var name: String?
        if !statement.isNull(3) {
            guard let text = statement.text(3) else { throw reader.fault("its outputs are not in order") }
            if let fault = PathRules.fault(inExecutableName: text) {
                throw reader.unsafeName("output \(digest) \(text)", fault)
            }
            name = text
        }
        try uses.stream(id, size: size, of: "output \(digest)", into: &chunks)
        if chunks.count == 1, chunks[0].record.id != digest {
            throw reader.fault("its only chunk has another SHA-256", "output \(digest)")
        }
        count += 1
        output = MemberSet.Output(
            id: digest,
            size: size,
            executable: name,
            contentClass: contentClass,
            chunks: chunks.count == 1 ? .one(chunks[0].number) : ChunkList(chunks.map(\.number))
        )
        return true
    }

    /// Returns the class in the row, or `nil` if the row names no class.
    private func contentClass() -> EntryClass? {
        for (name, value) in classes where statement.text(4, equals: name) { return value }
        guard let text = statement.text(4), let found = EntryClass(rawValue: text) else { return nil }
        // No version knows more classes than this; an index that makes up more classes is read slowly.
        if classes.count < 32 { classes.append((Array(text.utf8), found)) }
        return found
    }
}
