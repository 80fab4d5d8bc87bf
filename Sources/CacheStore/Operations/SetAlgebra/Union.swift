public import SystemPackage

/// An operation that unites archives: the set union of their members.
///
/// Any order of the inputs gives the same bytes, whether they are united in one step or in several. Uniting
/// an archive with itself gives the same archive. Nothing is decoded except packages whose action entries are
/// disputed, for their names: frames are copied as they are stored, and each frame is checked before it is
/// written. A policy other than ``DisputePolicy/keep`` concerns the inputs of one union: see there.
public struct Union: Sendable {
    /// The options of the union.
    public var options: SetOptions

    /// The treatment of action IDs for which the inputs hold several outputs.
    public var policy: DisputePolicy

    /// Called with the disputed actions, ordered by ID, before a union fails on them; at most once per run.
    public var onRefusal: @Sendable ([ActionDispute]) -> Void = { _ in }

    /// Creates a union.
    public init(options: SetOptions = SetOptions(), policy: DisputePolicy = .keep) {
        (self.options, self.policy) = (options, policy)
    }

    /// Writes the union of archives.
    ///
    /// - Parameters:
    ///   - inputs: The archives, at least one.
    ///   - path: The new archive. It appears under this name only when it is complete; it may be one of the
    ///     inputs.
    ///   - progress: Called with the progress of the work.
    /// - Returns: A report on the archive that was written.
    /// - Throws: ``CacheStoreError`` (``CacheStoreError/Code/duplicateLabel``,
    ///   ``CacheStoreError/Code/conflict``, ``CacheStoreError/Code/dispute`` with the policy
    ///   ``DisputePolicy/fail``, ``CacheStoreError/Code/corruptArchive`` for a damaged input, or another code
    ///   for a system error), or `CancellationError` if the task was cancelled.
    /// - Complexity: O(*n*) in the members of all inputs and the stored bytes of the result; memory for the
    ///   members of GOMODCACHE, some 20 bytes per output and a run of frames per thread.
    @discardableResult
    public func run(
        _ inputs: [any ArchiveReference],
        to path: FilePath,
        progress: ProgressHandler? = nil
    ) async throws -> Report {
        guard !inputs.isEmpty else { throw CacheStoreError(.badArgument, "there is no archive to unite") }
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
        let union = try await mending.copy(to: writer, jobs: options.jobs, counters) { damaged in
            counters.begin("reading indexes", bytes: 0, items: archives.count)
            let union = try await WorkerThreads.performCancellable { cancellation in
                try UnionIndex(of: archives, policy: policy, avoiding: Set(damaged.keys), beside: path) {
                    try cancellation.check()
                } read: {
                    counters.add(bytes: 0)
                }
            }
            if policy == .fail, !union.disputes.isEmpty {
                let disputes = try await named(union.disputes, in: archives)
                onRefusal(disputes)
                throw ActionDispute.error(disputes)
            }
            return (union, union.merged.copies)
        }
        let disputes = try await named(union.disputes, in: archives)
        counters.begin("writing the index", bytes: 0, items: 0)
        return try await WorkerThreads.perform { [mending] in
            let warnings = try mending.warnings()
            var totals = union.merged.totals
            totals.fileBytes = try writer.finish(union.merged.file).fileSize
            return Report(
                digest: union.merged.digest,
                totals: totals,
                inputs: archives.count,
                inputBytes: archives.reduce(0) { $0 + $1.fileBytes },
                disagreements: union.disagreements,
                disputes: disputes,
                warnings: warnings + Compatibility.warnings(among: union.merged.comparableSources)
            )
        }
    }

    private func named(
        _ disputes: [DisputedAction],
        in archives: [Archive]
    ) async throws -> [ActionDispute] {
        guard !disputes.isEmpty else { return [] }
        return try await WorkerThreads.performCancellable { cancellation in
            try DisputeNames(archives: archives).named(disputes) { try cancellation.check() }
        }
    }
}
