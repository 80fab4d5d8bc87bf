public import SystemPackage

/// An operation that intersects archives: the result holds the members that all of them have.
///
/// Any order of the inputs gives the same bytes. Intersecting an archive with itself gives the same archive.
/// The result is an archive like any other. Nothing is decoded: frames are copied as they are stored, and
/// each frame is checked before it is written.
public struct Intersect: Sendable {
    /// The options of the intersection.
    public var options: SetOptions

    /// Creates an intersection.
    public init(options: SetOptions = SetOptions()) { self.options = options }

    /// Writes the members that all inputs have.
    ///
    /// - Parameters:
    ///   - inputs: The archives, at least one.
    ///   - path: The new archive. It appears under this name only when it is complete; it may be one of the
    ///     inputs.
    ///   - progress: Called with the progress of the work.
    /// - Returns: A report on the archive that was written.
    /// - Throws: ``CacheStoreError`` (``CacheStoreError/Code/duplicateLabel``,
    ///   ``CacheStoreError/Code/conflict``, ``CacheStoreError/Code/corruptArchive`` for a damaged input, or
    ///   another code for a system error), or `CancellationError` if the task was cancelled.
    /// - Complexity: O(*n*) in the members of all inputs and the stored bytes of the result; memory for the
    ///   members of GOMODCACHE of all inputs, and some bits per entry of GOCACHE.
    @discardableResult
    public func run(
        _ inputs: [any ArchiveReference],
        to path: FilePath,
        progress: ProgressHandler? = nil
    ) async throws -> Report {
        guard !inputs.isEmpty else { throw CacheStoreError(.badArgument, "there is no archive to intersect") }
        let archives = try inputs.opened()
        return try await ArchiveWriter.writing(to: path, overwrite: options.overwrite, progress) {
            writer,
            counters in
            try await run(archives, to: writer, path, counters)
        }
    }

    private func run(
        _ archives: [Archive],
        to writer: ArchiveWriter,
        _ path: FilePath,
        _ counters: ProgressCounters
    ) async throws -> Report {
        var mending = FrameMending(archives)
        let plan = try await mending.copy(to: writer, jobs: options.jobs, counters) { damaged in
            counters.begin("reading indexes", bytes: 0, items: archives.count)
            let plan = try await WorkerThreads.performCancellable { cancellation in
                try Self.plan(archives, avoiding: Set(damaged.keys), beside: path) {
                    try cancellation.check()
                } read: {
                    counters.add(bytes: 0)
                }
            }
            return (plan, plan.index.copies)
        }
        counters.begin("writing the index", bytes: 0, items: 0)
        return try await WorkerThreads.perform { [mending] in
            let warnings = try mending.warnings()
            var totals = plan.index.totals
            totals.fileBytes = try writer.finish(plan.index.file).fileSize
            return Report(
                digest: plan.index.digest,
                totals: totals,
                inputs: archives.count,
                inputBytes: archives.reduce(0) { $0 + $1.fileBytes },
                disagreements: plan.disagreements,
                warnings: warnings + Compatibility.warnings(among: plan.index.comparableSources)
            )
        }
    }
    /// Writes the index of what all archives have.
    ///
    /// The members of GOMODCACHE of all archives are in memory.
    private static func plan(
        _ archives: [Archive],
        avoiding damaged: Set<FramePlace>,
        beside path: FilePath,
        check: () throws -> Void,
        read: () -> Void
    ) throws -> (index: MergedIndex, disagreements: [Disagreement]) {
        var inputs: [SetInput] = []
        for archive in archives {
            try check()
            inputs.append(try SetInput(archive))
            read()
        }
        let readers = inputs.map(\.reader)
        let members = try MemberIntersection(inputs, avoiding: damaged)
        var merged = members.merged
        let actions = try ActionIntersection(
            readers,
            outputs: try OutputPresence(readers, check: check),
            sourceNumbers: members.sourceNumbers,
            sets: &merged.set.sourceSets,
            beside: path,
            check: check
        ).entries
        let (index, disagreements) = try MergedIndex.keeping(
            merged,
            usedSets: actions.usedSets,
            idle: members.idleSources,
            merge: {
                try OutputMerge(
                    readers,
                    $0,
                    keeping: actions.isReferred,
                    choosing: .notPreferred,
                    beside: path
                )
            },
            beside: path,
            check: check,
            actions: actions.forEach
        )
        return (index, disagreements.list)
    }
}
