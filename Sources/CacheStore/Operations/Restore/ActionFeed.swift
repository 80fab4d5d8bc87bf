/// A source of the action entries that a plan restores, shared by several threads.
final class ActionFeed: Sendable {
    /// An entry, with the number of the output that it refers to.
    struct Item: Sendable {
        var entry: ActionEntry
        var output: OutputNumber
    }

    private struct State {
        let index: IndexReader
        let cursor: ActionCursor
        var pass = RestorePlan.Pass()
    }

    private let state: Monitor<State>
    private let plan: RestorePlan

    /// Begins with the first entry.
    ///
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``.
    init(_ archive: Archive, _ plan: RestorePlan) throws {
        let index = try archive.index(isChecked: true)
        state = Monitor(State(index: index, cursor: try ActionCursor(index)))
        self.plan = plan
    }

    /// Returns the next few entries, or `nil` after the last.
    ///
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``.
    func next() throws -> [Item]? {
        try state.withLock { state in
            var result: [Item] = []
            while result.count < 64, let row = try state.cursor.next() {
                guard plan.restores(row, in: &state.pass) else { continue }
                let output = try state.index.output(row.output)
                let entry = ActionEntry(action: row.id, output: output.id, size: output.size)
                result.append(Item(entry: entry, output: row.output))
            }
            return result.isEmpty ? nil : result
        }
    }
}
