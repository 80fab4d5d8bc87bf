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
    ///   without the parts that need not be read; memory for the actions that differ and the members of
    ///   GOMODCACHE of one archive, and some bytes per output.
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
                let actions = try ComparedActions(of: archives) { try cancellation.check() }
                let content = try archives.map { try VaryingContent($0) }
                let isVarying = try actions.differing.map { action in
                    try cancellation.check()
                    return try action.sides.allSatisfy { try content[$0.inputs[0]].isVarying($0) }
                }
                let disputes = try DisputeNames(archives: archives).named(actions.differing) {
                    try cancellation.check()
                }
                return Report(
                    differing: disputes.indices.filter { !isVarying[$0] }.map { disputes[$0] },
                    varying: disputes.indices.filter { isVarying[$0] }.map { disputes[$0] },
                    commonActions: actions.common,
                    actionsOnlyInFirst: actions.alone[0],
                    actionsOnlyInSecond: actions.alone[1],
                    firstFileBytes: archives[0].fileBytes,
                    secondFileBytes: archives[1].fileBytes
                )
            }
        }
    }
}
