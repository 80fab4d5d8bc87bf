import SystemPackage

/// The action entries of a merge, ordered by ID and output, in a scratch file.
final class ActionSpool {
    /// The sets of sources that the entries have.
    private(set) var usedSets: Set<SourceSetNumber> = []

    /// For each output of the merge, whether an entry refers to it.
    private(set) var isReferred: BitArray

    private let rows: Spool<ActionCursor.Row>

    /// The number of entries.
    var count: Int { rows.count }

    /// Begins without entries.
    ///
    /// - Parameters:
    ///   - outputCount: The number of outputs of the merge.
    ///   - path: The path of the archive beside which the scratch file lies.
    /// - Throws: ``CacheStoreError`` as the system says.
    init(outputCount: Int, beside path: FilePath) throws(CacheStoreError) {
        isReferred = BitArray(count: outputCount)
        rows = try Spool(beside: path)
    }

    /// Adds an entry, which comes after all earlier ones.
    ///
    /// - Parameter entry: The entry, in the numbers of the merge.
    /// - Throws: ``CacheStoreError`` as the system says.
    func append(_ entry: ActionCursor.Row) throws(CacheStoreError) {
        isReferred[entry.output.index] = true
        usedSets.insert(entry.sources)
        try rows.append(entry)
    }

    /// Ends the writing; entries can be read from then on.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func flush() throws(CacheStoreError) { try rows.flush() }

    /// Calls `body` with the entries in order.
    func forEach(_ body: (ActionCursor.Row) throws -> Void) throws {
        var cursor = rows.cursor()
        while let row = try cursor.next() { try body(row) }
    }
}
