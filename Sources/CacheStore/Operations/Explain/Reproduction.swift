import SystemPackage

/// An operation that finds the actions for which two archives hold other outputs.
///
/// An action ID covers all that Go puts into an action: the sources, the compiler, the settings. So two runs
/// of one job in empty caches should give one output for each ID, and a difference shows a build that is not
/// reproducible, or a job that did not build what its entries say. Entries that differ in each run by their
/// nature, the results of tests foremost, are counted apart: see ``Report/varying``.
public struct Reproduction: Sendable {
    /// Creates an operation.
    public init() {}

    /// Compares the outputs of the actions that two archives have in common.
    ///
    /// Sources are not compared, and neither are members of GOMODCACHE: a ``Diff`` and a ``Union`` do that.
    ///
    /// - Parameters:
    ///   - first: An archive.
    ///   - second: Another archive, for example of the same job in another run.
    ///   - progress: Called with the progress of the work.
    /// - Returns: A report on the actions with other outputs.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``, or
    ///   `CancellationError`.
    /// - Complexity: O(*n* log *n*) in the members, and O(*n*) in the bytes of the packages that differ,
    ///   without the parts that need not be read; memory for both indexes.
    @discardableResult
    public func run(
        _ first: some ArchiveReference,
        _ second: some ArchiveReference,
        progress: ProgressHandler? = nil
    ) async throws -> Report {
        let archives = [try first.open(), try second.open()]
        return try await ProgressCounters.reporting(to: progress) { counters in
            counters.begin("comparing actions", bytes: 0, items: 0)
            return try await WorkerThreads.performCancellable { cancellation in
                let sets = try archives.map { archive in
                    try cancellation.check()
                    return try archive.members().set
                }
                let (pairs, onlyInFirst, onlyInSecond) = Self.pairs(sets[0], sets[1])
                let differing = pairs.compactMap { Self.disputed($0, sets) }
                let content = try archives.map { try VaryingContent($0) }
                let isVarying = try differing.map { action in
                    try cancellation.check()
                    return try action.sides.allSatisfy { side in
                        let input = side.inputs[0]
                        return try content[input].isVarying(side, in: sets[input])
                    }
                }
                let disputes = try DisputeNames(archives: archives).named(differing) {
                    try cancellation.check()
                }
                return Report(
                    differing: disputes.indices.filter { !isVarying[$0] }.map { disputes[$0] },
                    varying: disputes.indices.filter { isVarying[$0] }.map { disputes[$0] },
                    commonActions: pairs.count,
                    actionsOnlyInFirst: onlyInFirst,
                    actionsOnlyInSecond: onlyInSecond,
                    firstFileBytes: archives[0].fileBytes,
                    secondFileBytes: archives[1].fileBytes
                )
            }
        }
    }

    /// The ranges of the entries of one ID in two sets.
    private typealias Pair = (first: Range<Int>, second: Range<Int>)

    /// Finds the IDs that both sets have, and counts the others.
    private static func pairs(
        _ first: MemberSet,
        _ second: MemberSet
    ) -> (pairs: [Pair], onlyInFirst: Int, onlyInSecond: Int) {
        func range(_ set: MemberSet, from start: Int) -> Range<Int> {
            var end = start
            while end < set.actions.count, set.actions[end].id == set.actions[start].id { end += 1 }
            return start..<end
        }
        var pairs: [Pair] = []
        var (left, right) = (0, 0)
        var (onlyInFirst, onlyInSecond) = (0, 0)
        while left < first.actions.count || right < second.actions.count {
            let one = left < first.actions.count ? first.actions[left].id : nil
            let other = right < second.actions.count ? second.actions[right].id : nil
            if let one, other.map({ one < $0 }) ?? true {
                left = range(first, from: left).upperBound
                onlyInFirst += 1
            } else if let other, one.map({ other < $0 }) ?? true {
                right = range(second, from: right).upperBound
                onlyInSecond += 1
            } else {
                let pair = (range(first, from: left), range(second, from: right))
                pairs.append(pair)
                (left, right) = (pair.0.upperBound, pair.1.upperBound)
            }
        }
        return (pairs, onlyInFirst, onlyInSecond)
    }

    /// Returns the action of a pair if the sets hold other outputs for it.
    private static func disputed(_ pair: Pair, _ sets: [MemberSet]) -> DisputedAction? {
        let entries = [sets[0].actions[pair.first], sets[1].actions[pair.second]]
        guard entries[0].map(\.output) != entries[1].map(\.output) else { return nil }
        var sides: [ObjectID: DisputedAction.Side] = [:]
        for (input, set) in sets.enumerated() {
            for entry in entries[input] {
                guard let number = set.outputNumber(of: entry.output) else { continue }
                let output = set.outputs[number]
                var side =
                    sides[output.id]
                    ?? DisputedAction.Side(
                        output: output.id,
                        size: output.size,
                        contentClass: output.contentClass,
                        labels: [],
                        inputs: []
                    )
                let labels = set.sourceSets[entry.sources].map { set.sources[$0].label }
                side.labels = Set(side.labels + labels).sorted { $0.precedes($1) }
                side.inputs.append(input)
                sides[output.id] = side
            }
        }
        return DisputedAction(
            id: sets[0].actions[pair.first.lowerBound].id,
            sides: sides.values.sorted { $0.output < $1.output }
        )
    }
}
