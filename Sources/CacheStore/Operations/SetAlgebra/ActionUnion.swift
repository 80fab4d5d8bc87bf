import SystemPackage

/// The union of the action entries of several indexes, merged by ID and output, and spooled.
final class ActionUnion {
    private struct Row: BitwiseCopyable {
        var id: ObjectID
        var output: OutputNumber
        var sources: SourceSetNumber
    }

    /// The sets of sources that the entries have.
    private(set) var usedSets: Set<SourceSetNumber> = []

    private let rows: Spool<Row>

    /// An input and its next entry, in the numbers of the union.
    private final class Input {
        let cursor: ActionCursor
        let outputs: BitArray.Selector
        let sources: [SourceSetNumber]
        var next: ActionCursor.Row?

        init(_ index: IndexReader, outputs: BitArray, sources: [SourceSetNumber]) throws {
            cursor = try ActionCursor(index)
            self.outputs = outputs.selector()
            self.sources = sources
            try step()
        }

        func step() throws {
            next = try cursor.next()
            guard let row = next else { return }
            next?.output = OutputNumber(outputs[row.output.index])
            next?.sources = sources[row.sources]
        }
    }

    /// Merges the action entries.
    ///
    /// - Parameters:
    ///   - indexes: The indexes.
    ///   - outputs: The union of the outputs of the indexes.
    ///   - sets: The sets of sources of the union.
    ///   - disagreements: The list that gets the IDs for which inputs have different outputs.
    ///   - path: The archive that is being made.
    ///   - check: Called from time to time; an error that it throws ends the work.
    /// - Throws: The error of `check`, or ``CacheStoreError``.
    init(
        _ indexes: [IndexReader],
        outputs: OutputUnion,
        sets: inout SourceSets,
        disagreements: inout DisagreementList,
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
            try add(&entries, counts, outputs, &sets, &disagreements)
            if rows.count & 0xFFF == 0 { try check() }
        }
        try rows.flush()
    }

    /// Adds the entries of one ID.
    ///
    /// - Parameters:
    ///   - entries: The entries of all inputs; this function sorts them.
    ///   - counts: The number of entries of each input.
    ///   - outputs: The union of the outputs.
    ///   - sets: The sets of sources of the union.
    ///   - disagreements: The list that gets the ID if inputs have different outputs for it.
    /// - Throws: ``CacheStoreError`` for a system error.
    private func add(
        _ entries: inout [ActionCursor.Row],
        _ counts: [Int],
        _ outputs: OutputUnion,
        _ sets: inout SourceSets,
        _ disagreements: inout DisagreementList
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
        // Each input has some of the united outputs. So all inputs agree if each of them has as many as the
        // union.
        if counts.contains(where: { $0 != united.count }) {
            let ids = try united.map { try outputs.id(of: $0.output).description }
            disagreements.note(.action, united[0].id.description, ids, kept: ids[0])
        }
        for entry in united {
            usedSets.insert(entry.sources)
            try rows.append(Row(id: entry.id, output: entry.output, sources: entry.sources))
        }
    }

    /// Calls `body` with the entries in order.
    func forEach(_ body: (ActionCursor.Row) throws -> Void) throws {
        var cursor = rows.cursor()
        while let row = try cursor.next() {
            try body(ActionCursor.Row(id: row.id, output: row.output, sources: row.sources))
        }
    }
}
