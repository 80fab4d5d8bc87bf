import SystemPackage

/// The action entries that all of several indexes have, merged by ID and output, and spooled.
final class ActionIntersection {
    private struct Row: BitwiseCopyable {
        var id: ObjectID
        var output: OutputNumber
        var sources: SourceSetNumber
    }

    /// The sets of sources that the entries have.
    private(set) var usedSets: Set<SourceSetNumber> = []

    /// For each output of all inputs, whether an entry refers to it that all inputs have.
    private(set) var isReferred: BitArray

    private let rows: Spool<Row>

    /// Merges the action entries.
    ///
    /// - Parameters:
    ///   - indexes: The indexes.
    ///   - outputs: The outputs of the indexes.
    ///   - sourceNumbers: For each index, the numbers in `sets` of the index's sets of sources.
    ///   - sets: The sets of sources of the intersection, to which this function adds unions.
    ///   - path: The archive that is being made.
    ///   - check: Called from time to time; an error that it throws ends the work.
    /// - Throws: The error of `check`, or ``CacheStoreError``.
    init(
        _ indexes: [IndexReader],
        outputs: OutputPresence,
        sourceNumbers: [[SourceSetNumber]],
        sets: inout SourceSets,
        beside path: FilePath,
        check: () throws -> Void
    ) throws {
        rows = try Spool(beside: path)
        isReferred = BitArray(count: outputs.count)
        var inputs: [ActionInput] = []
        for (index, reader) in indexes.enumerated() {
            try inputs.append(
                ActionInput(
                    index,
                    reader,
                    outputs: outputs.isPresent[index],
                    sources: sourceNumbers[index]
                )
            )
        }
        var steps = 0
        // The highest of the next entries is the lowest that all inputs can have.
        merging: while let highest = Self.highest(inputs) {
            steps += 1
            if steps & 0xFFF == 0 { try check() }
            var isCommon = true
            for input in inputs {
                while let row = input.next, Self.precedes(row, highest) { try input.step() }
                guard let row = input.next else { break merging }
                if Self.precedes(highest, row) { isCommon = false }
            }
            guard isCommon else { continue }
            var sources = highest.sources
            for (position, input) in inputs.enumerated() {
                guard let row = input.next else { continue }
                sources = position == 0 ? row.sources : sets.union(sources, row.sources)
                try input.step()
            }
            isReferred[highest.output.index] = true
            usedSets.insert(sources)
            try rows.append(Row(id: highest.id, output: highest.output, sources: sources))
        }
        try rows.flush()
    }

    private static func precedes(_ first: ActionCursor.Row, _ second: ActionCursor.Row) -> Bool {
        (first.id, first.output) < (second.id, second.output)
    }

    /// Returns the highest of the next entries, or `nil` if an input has none.
    private static func highest(_ inputs: [ActionInput]) -> ActionCursor.Row? {
        var highest: ActionCursor.Row?
        for input in inputs {
            guard let row = input.next else { return nil }
            if highest.map({ precedes($0, row) }) ?? true { highest = row }
        }
        return highest
    }

    /// Calls `body` with the entries in order; their outputs are numbered as in the merge of all outputs.
    func forEach(_ body: (ActionCursor.Row) throws -> Void) throws {
        var cursor = rows.cursor()
        while let row = try cursor.next() {
            try body(ActionCursor.Row(id: row.id, output: row.output, sources: row.sources))
        }
    }
}
