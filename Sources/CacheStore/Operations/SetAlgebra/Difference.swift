public import SystemPackage

/// An operation that subtracts archives: the set difference of their members.
///
/// The result holds the members that one archive has and the others lack. The result is an archive itself,
/// which can be restored, verified and united like any other. United with the others, it has the same members
/// as the whole archive united with them. Nothing is decoded: frames are copied as they are stored, and each
/// frame is checked before it is written.
public struct Difference: Sendable {
    /// The options of the difference.
    public var options: SetOptions

    /// Creates a difference.
    public init(options: SetOptions = SetOptions()) { self.options = options }

    /// Writes the members that an archive has and other archives lack.
    ///
    /// - Parameters:
    ///   - archive: The archive.
    ///   - others: The other archives, in any order. Subtracting all of them at once is the same as
    ///     subtracting their union.
    ///   - path: The new archive. It appears under this name only when it is complete; it may be the
    ///     archive, but none of the others, because the result lacks what they have.
    ///   - progress: Called with the progress of the work.
    /// - Returns: A report on the archive that was written.
    /// - Throws: ``CacheStoreError`` (``CacheStoreError/Code/badArgument`` if the new archive would replace
    ///   one of the others, ``CacheStoreError/Code/conflict``,
    ///   ``CacheStoreError/Code/corruptArchive`` for a damaged input, or another code for a system error), or
    ///   `CancellationError` if the task was cancelled.
    /// - Complexity: O(*n* log *n*) in the members of all inputs, and O(*n*) in the stored bytes of the
    ///   result; memory for the members of GOMODCACHE of the archive and of one of the others, and some
    ///   bits per entry of GOCACHE.
    @discardableResult
    public func run(
        _ archive: some ArchiveReference,
        without others: [any ArchiveReference],
        to path: FilePath,
        progress: ProgressHandler? = nil
    ) async throws -> Report {
        let (minuend, subtrahends) = (try archive.open(), try others.opened())
        try subtrahends.checkOutput(path)
        return try await ArchiveWriter.writing(to: path, overwrite: options.overwrite, progress) {
            writer,
            counters in
            try await run(minuend, without: subtrahends, to: writer, path, counters)
        }
    }

    private func run(
        _ archive: Archive,
        without others: [Archive],
        to writer: ArchiveWriter,
        _ path: FilePath,
        _ counters: ProgressCounters
    ) async throws -> Report {
        var mending = FrameMending([archive] + others)
        let (whole, index) = try await mending.copy(to: writer, jobs: options.jobs, counters) {
            replacements in
            counters.begin("reading indexes", bytes: 0, items: others.count + 1)
            let plan = try await WorkerThreads.performCancellable { cancellation in
                try Self.plan(archive, others, replacements, beside: path) {
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
            var totals = index.totals
            totals.fileBytes = try writer.finish(index.file).fileSize
            return Report(
                digest: index.digest,
                totals: totals,
                whole: whole,
                inputs: others.count + 1,
                warnings: warnings
            )
        }
    }
    /// Writes the index of what an archive has and others lack.
    ///
    /// Of the archive and one of the others at a time, the members of GOMODCACHE are in memory.
    private static func plan(
        _ archive: Archive,
        _ others: [Archive],
        _ replacements: FrameMending.Replacements,
        beside path: FilePath,
        check: () throws -> Void,
        read: () -> Void
    ) throws -> (whole: ArchiveTotals, index: MergedIndex) {
        let input = try SetInput(archive)
        var whole = try IndexSummary(of: input.reader, outputID: nil).totals
        whole.fileBytes = archive.fileBytes
        read()
        var members = MemberDifference(
            input.set,
            unusedChunks: input.unusedChunks,
            withEntriesOf: input.entrySources
        )
        var entries = EntryDifference(input.reader)
        for archive in others {
            try check()
            let other = try SetInput(archive)
            do throws(CacheStoreError) {
                try members.subtract(other.set, of: other.path)
            } catch {
                let names = [input, other].map { ("`\($0.path.shown)`", $0.set) }
                throw error.naming(names)
            }
            try entries.subtract(other.reader, check: check)
            if !members.unusedChunks.isEmpty { try other.reader.forEachChunk { members.subtract($0) } }
            read()
        }
        let kept = try entries.remainder()
        var frames = FrameTable()
        let set = frames.add(members.members, from: 0)
        let unused = members.unusedChunks.compactMap { frames.number(of: input.set.chunks[$0].id) }
        let (index, _) = try MergedIndex.keeping(
            MergedMembers(set: set, frames: frames, unusedChunks: unused),
            usedSets: kept.sources,
            idle: members.idleSources,
            merge: {
                try OutputMerge(
                    [input.reader],
                    $0,
                    keeping: kept.outputs,
                    beside: path,
                    copying: { replacements[$0] ?? $0 }
                )
            },
            beside: path,
            check: check
        ) { write in
            let actions = try ActionCursor(input.reader)
            var position = 0
            while let row = try actions.next() {
                defer { position += 1 }
                if kept.actions[position] { try write(row) }
            }
        }
        return (whole, index)
    }
}
