import SystemPackage

/// The union of the action entries of several indexes, merged by ID and output, and spooled.
final class ActionUnion {
    /// The entries; those that were dropped are not among them.
    let entries: ActionSpool

    /// The disputed action IDs, in order: with ``Union/DisputePolicy/keep`` those on which inputs disagree,
    /// and with another policy all of them.
    private(set) var disputes: [DisputedAction] = []

    private let policy: Union.DisputePolicy

    /// Merges the action entries.
    ///
    /// - Parameters:
    ///   - indexes: The indexes.
    ///   - outputs: The union of the outputs of the indexes.
    ///   - sourceNumbers: For each index, the numbers in the union of the index's sets of sources.
    ///   - sets: The sets of sources of the union.
    ///   - policy: The treatment of IDs with several outputs. Disputes are listed only where `outputs` leaves
    ///     out none.
    ///   - disagreements: The list that gets the IDs for which inputs have different outputs and all of these
    ///     are kept.
    ///   - path: The archive that is being made.
    ///   - check: Called from time to time; an error that it throws ends the work.
    /// - Throws: The error of `check`, or ``CacheStoreError``.
    init(
        _ indexes: [IndexReader],
        outputs: OutputMerge,
        sourceNumbers: [[SourceSetNumber]],
        sets: inout SourceSets,
        policy: Union.DisputePolicy,
        disagreements: inout DisagreementList,
        beside path: FilePath,
        check: () throws -> Void
    ) throws {
        entries = try ActionSpool(outputCount: outputs.count, beside: path)
        self.policy = policy
        let inputs = try ActionInput.inputs(indexes, outputs: outputs.isPresent, sources: sourceNumbers)
        var found: [ActionCursor.Row] = []
        var counts: [(input: Int, count: Int)] = []
        while let id = inputs.lazy.compactMap({ $0.next?.id }).min() {
            found.removeAll(keepingCapacity: true)
            counts.removeAll(keepingCapacity: true)
            for input in inputs where input.next?.id == id {
                let before = found.count
                while let row = input.next, row.id == id {
                    found.append(row)
                    try input.step()
                }
                counts.append((input.position, found.count - before))
            }
            try add(&found, counts, outputs, &sets, &disagreements)
            if entries.count & 0xFFF == 0 { try check() }
        }
        try entries.flush()
    }

    /// Adds the entries of one ID.
    ///
    /// - Parameters:
    ///   - entries: The entries of all inputs, input by input; this function sorts them.
    ///   - counts: The number of entries of each input that has some.
    ///   - outputs: The union of the outputs.
    ///   - sets: The sets of sources of the union.
    ///   - disagreements: The list that gets the ID if inputs have different outputs for it.
    /// - Throws: ``CacheStoreError`` for a system error.
    private func add(
        _ entries: inout [ActionCursor.Row],
        _ counts: [(input: Int, count: Int)],
        _ outputs: OutputMerge,
        _ sets: inout SourceSets,
        _ disagreements: inout DisagreementList
    ) throws {
        let holders =
            entries.dropFirst().contains { $0.output != entries[0].output }
            ? Self.holders(entries, counts) : [:]
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
        if united.count > 1, !outputs.isOmitting,
            policy != .keep || counts.contains(where: { $0.count != united.count })
        {
            try disputes.append(dispute(united, holders, outputs, sets))
            if policy == .keep {
                let ids = try united.map { try outputs.id(of: $0.output).description }
                disagreements.note(.action, united[0].id.description, ids, kept: ids[0])
            }
        }
        if united.count > 1, policy == .drop { return }
        for entry in united {
            try self.entries.append(entry)
        }
    }

    /// Returns the inputs that have each output.
    private static func holders(
        _ entries: [ActionCursor.Row],
        _ counts: [(input: Int, count: Int)]
    ) -> [OutputNumber: [Int]] {
        var holders: [OutputNumber: [Int]] = [:]
        var position = 0
        for (input, count) in counts {
            for entry in entries[position..<position + count] {
                holders[entry.output, default: []].append(input)
            }
            position += count
        }
        return holders
    }

    private func dispute(
        _ united: [ActionCursor.Row],
        _ holders: [OutputNumber: [Int]],
        _ outputs: OutputMerge,
        _ sets: SourceSets
    ) throws -> DisputedAction {
        let sources = outputs.members.set.sources
        let sides = try united.map { entry in
            let output = try outputs.output(entry.output)
            return DisputedAction.Side(
                output: output.id,
                size: output.size,
                contentClass: output.contentClass,
                labels: sets[entry.sources].map { sources[$0].label },
                inputs: holders[entry.output] ?? []
            )
        }
        return DisputedAction(id: united[0].id, sides: sides)
    }
}
