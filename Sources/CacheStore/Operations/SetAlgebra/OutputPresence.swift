/// The outputs that indexes have, in the numbers of all of their outputs merged by ID.
struct OutputPresence: Sendable {
    /// For each index, the outputs of the merge that it has.
    private(set) var isPresent: [BitArray]

    /// The number of outputs of the merge.
    private(set) var count = 0

    /// Merges the outputs of indexes, which must have been checked.
    ///
    /// - Parameters:
    ///   - indexes: The indexes.
    ///   - check: Called from time to time; an error that it throws ends the work.
    ///   - output: Called with each output: the number in the merge, and the output in each index, or `nil`
    ///     for an index that lacks it.
    /// - Throws: The error of `check`, or ``CacheStoreError``.
    init(
        _ indexes: [IndexReader],
        check: () throws -> Void,
        output: (OutputNumber, [OutputRowCursor.Row?]) -> Void = { _, _ in }
    ) throws {
        isPresent = indexes.map { _ in BitArray() }
        let cursors = try indexes.map { try OutputRowCursor($0) }
        for cursor in cursors { _ = try cursor.next() }
        var found: [OutputRowCursor.Row?] = cursors.map { _ in nil }
        while let id = Self.lowest(cursors) {
            for (index, cursor) in cursors.enumerated() {
                found[index] = cursor.row?.id == id ? cursor.row : nil
                isPresent[index].append(found[index] != nil)
            }
            output(OutputNumber(count), found)
            for index in cursors.indices where found[index] != nil { _ = try cursors[index].next() }
            count += 1
            if count & 0xFFF == 0 { try check() }
        }
    }

    private static func lowest(_ cursors: [OutputRowCursor]) -> ObjectID? {
        var lowest: ObjectID?
        for cursor in cursors {
            guard let id = cursor.row?.id else { continue }
            if lowest.map({ id < $0 }) ?? true { lowest = id }
        }
        return lowest
    }
}
