import SystemPackage

/// The union of the action entries of indexes, merged by ID and output, and spooled.
final class ActionUnion {
    private struct Row: BitwiseCopyable {
        var id: ObjectID
        var output: UInt32
        var sources: Int32
    }

    /// The numbers of the sets of sources that occur.
    private(set) var usedSets: Set<Int32> = []

    private let rows: Spool<Row>

    /// What an input has next, in the numbers of the union.
    private final class Input {
        let cursor: ActionCursor
        let outputs: BitArray.Selector
        let sources: [Int32]
        var next: ActionCursor.Row?

        init(_ index: IndexReader, outputs: BitArray, sources: [Int32]) throws(CacheStoreError) {
            cursor = try ActionCursor(index)
            self.outputs = outputs.selector()
            self.sources = sources
            try step()
        }

        func step() throws(CacheStoreError) {
            next = try cursor.next()
            guard let row = next else { return }
            next?.output = outputs[row.output]
            next?.sources = sources[Int(row.sources)]
        }
    }

    /// Merges the action entries.
    ///
    /// - Parameters:
    ///   - indexes: The indexes.
    ///   - outputs: The union of their outputs.
    ///   - sets: The sets of sources of the union.
    ///   - conflicts: Is told of the IDs for which inputs have other outputs.
    ///   - path: The archive that is made.
    ///   - check: Is called now and then; what it throws ends the work.
    /// - Throws: What `check` throws, or ``CacheStoreError``.
    init(
        _ indexes: [IndexReader],
        outputs: OutputUnion,
        sets: inout SourceSets,
        conflicts: inout ConflictList,
        beside path: FilePath,
        check: () throws -> Void
    ) throws {
        rows = try Spool(beside: path)
        var inputs: [Input] = []
        for (index, reader) in indexes.enumerated() {
            try inputs.append(
                Input(
                    reader,
                    outputs: outputs.isPresent[index],
                    sources: outputs.members.sourceNumbers[index]
                )
            )
        }
        var entries: [ActionCursor.Row] = []
        var counts: [Int] = []
        while let id = inputs.lazy.compactMap({ $0.next?.id }).min() {
            entries.removeAll(keepingCapacity: true)
            counts.removeAll(keepingCapacity: true)
            for input in inputs where input.next?.id == id {
                let before = entries.count
                while let row = input.next, row.id == id {
                    entries.append(row)
                    try input.step()
                }
                counts.append(entries.count - before)
            }
            try add(&entries, counts, outputs, &sets, &conflicts)
            if rows.count & 0xFFF == 0 { try check() }
        }
        try rows.flush()
    }

    /// Adds the entries of one ID: those of all inputs, of which each has one of `counts`.
    private func add(
        _ entries: inout [ActionCursor.Row],
        _ counts: [Int],
        _ outputs: OutputUnion,
        _ sets: inout SourceSets,
        _ conflicts: inout ConflictList
    ) throws {
        if entries.count > 1 { entries.sort { $0.output < $1.output } }
        var united: [ActionCursor.Row] = []
        for entry in entries {
            if let last = united.last, last.output == entry.output {
                united[united.count - 1].sources = sets.union(last.sources, entry.sources)
            } else {
                united.append(entry)
            }
        }
        // Each input has some of the outputs, so all have the same where all have as many as there are.
        if counts.contains(where: { $0 != united.count }) {
            let ids = try united.map { try outputs.id(ofOutput: $0.output).description }
            conflicts.note(.action, united[0].id.description, ids, kept: ids[0])
        }
        for entry in united {
            usedSets.insert(entry.sources)
            try rows.append(Row(id: entry.id, output: UInt32(entry.output), sources: entry.sources))
        }
    }

    /// Shows the entries to `body` in order.
    func forEach(_ body: (ActionCursor.Row) throws -> Void) throws {
        var cursor = rows.cursor()
        while let row = try cursor.next() {
            try body(ActionCursor.Row(id: row.id, output: Int(row.output), sources: row.sources))
        }
    }
}
