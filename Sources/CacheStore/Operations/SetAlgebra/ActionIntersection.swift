import SystemPackage

/// The action entries that all of several indexes have, merged by ID and output, and spooled.
final class ActionIntersection {
    /// The entries; their outputs are numbered as in the merge of all outputs.
    let entries: ActionSpool

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
        entries = try ActionSpool(outputCount: outputs.count, beside: path)
        let inputs = try ActionInput.inputs(indexes, outputs: outputs.isPresent, sources: sourceNumbers)
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
            try entries.append(
                ActionCursor.Row(id: highest.id, output: highest.output, sources: sources)
            )
        }
        try entries.flush()
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
}
