public import SystemPackage

/// An operation that unites archives and keeps some of the members of the union.
///
/// The inputs are united as by ``Union``, and then each filter of the options only removes members. Without a
/// filter, the result is the union, byte for byte. The order of inputs and filters does not matter, nor does
/// repeating one. Selecting again from the result changes nothing. No content is decoded, except as far as
/// needed to find the names of compiled packages, where filters ask for those: frames are copied as they are
/// stored, and each frame is checked before it is written.
public struct Select: Sendable {
    /// The options of the selection.
    public var options: Options

    /// Creates a selection.
    public init(options: Options = Options()) { self.options = options }

    /// Writes the members of archives that the filters keep.
    ///
    /// - Parameters:
    ///   - inputs: The archives, at least one.
    ///   - path: The new archive. It appears under this name only when it is complete; it may be one of the
    ///     inputs.
    ///   - progress: Called with the progress of the work.
    /// - Returns: A report on the archive that was written.
    /// - Throws: ``CacheStoreError`` (the errors of ``Union/run(_:to:progress:)``, or
    ///   ``CacheStoreError/Code/badArgument`` for options that contradict each other or name no source), or
    ///   `CancellationError` if the task was cancelled.
    /// - Complexity: O(*n* log *n*) in the members of all inputs, and O(*n*) in the stored bytes of the
    ///   result; memory for the index of the union. Patterns and logs of use also take the time of an
    ///   ``Explain``.
    @discardableResult
    public func run(
        _ inputs: [any ArchiveReference],
        to path: FilePath,
        progress: ProgressHandler? = nil
    ) async throws -> Report {
        try options.check()
        guard !inputs.isEmpty else {
            throw CacheStoreError(.badArgument, "there is no archive to select from")
        }
        let archives = try inputs.opened()
        if options.keepsAll { return try await unite(archives, to: path, progress) }
        let filters = try SelectionFilters(options)
        return try await ArchiveWriter.writing(to: path, overwrite: options.overwrite, progress) {
            writer,
            counters in
            try await run(archives, filters, to: writer, path, counters)
        }
    }

    /// Writes the union, because no filter is set.
    private func unite(
        _ archives: [Archive],
        to path: FilePath,
        _ progress: ProgressHandler?
    ) async throws -> Report {
        var setOptions = SetOptions()
        (setOptions.overwrite, setOptions.jobs) = (options.overwrite, options.jobs)
        let report = try await Union(options: setOptions).run(archives, to: path, progress: progress)
        return Report(
            digest: report.digest,
            totals: report.totals,
            removed: Removal(),
            inputs: report.inputs,
            inputBytes: report.inputBytes,
            disagreements: report.disagreements,
            warnings: report.warnings
        )
    }

    private struct Plan: Sendable {
        var set: MemberSet
        var removed: Removal
        var disagreements: [Disagreement]
    }

    private func run(
        _ archives: [Archive],
        _ filters: SelectionFilters,
        to writer: ArchiveWriter,
        _ path: FilePath,
        _ counters: ProgressCounters
    ) async throws -> Report {
        let names =
            filters.needsNames ? try await SelectionNames(in: archives, jobs: options.jobs, counters) : nil
        var mending = FrameMending(archives)
        let plan = try await mending.copy(to: writer, jobs: options.jobs, counters) { damaged in
            counters.begin("reading indexes", bytes: 0, items: archives.count)
            return try await WorkerThreads.performCancellable { cancellation in
                let union = try UnionIndex(of: archives, avoiding: Set(damaged.keys), beside: path) {
                    try cancellation.check()
                } read: {
                    counters.add(bytes: 0)
                }
                let (whole, places) = try union.members()
                let (set, order) = try filters.selection(of: whole, names).result
                try cancellation.check()
                let result = set.laidOut(order) { places[$0].record }
                let plan = Plan(
                    set: result,
                    removed: Removal(of: whole, without: result),
                    disagreements: union.disagreements
                )
                return (plan, try FrameQueue(order.lazy.map { places[$0] }, beside: path))
            }
        }
        counters.begin("writing the index", bytes: 0, items: 0)
        return try await WorkerThreads.perform { [mending] in
            let warnings = try mending.warnings()
            let (digest, totals) = try writer.finish(plan.set)
            return Report(
                digest: digest,
                totals: totals,
                removed: plan.removed,
                inputs: archives.count,
                inputBytes: archives.reduce(0) { $0 + $1.fileBytes },
                disagreements: plan.disagreements,
                warnings: warnings + Compatibility.warnings(among: plan.set.comparableSources())
            )
        }
    }
}
