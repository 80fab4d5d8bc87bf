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
    ///   result; memory for the indexes of the archive and of one of the others.
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
        let (whole, set) = try await mending.copy(to: writer, jobs: options.jobs, counters) { replacements in
            counters.begin("reading indexes", bytes: 0, items: others.count + 1)
            let (plan, frames) = try await WorkerThreads.perform {
                let whole = try archive.members().set
                counters.add(bytes: 0)
                var difference = MemberDifference(whole, keepsUnusedChunks: true)
                for other in others {
                    let set = try other.members().set
                    do throws(CacheStoreError) {
                        try difference.subtract(set, of: other.path)
                    } catch {
                        throw error.naming([("`\(archive.path)`", whole), ("`\(other.path)`", set)])
                    }
                    counters.add(bytes: 0)
                }
                let (rest, order) = difference.remainder
                let places = whole.chunks.map { record in
                    let place = FramePlace(input: 0, record: record)
                    return replacements[place] ?? place
                }
                let frames = try FrameQueue(order.lazy.map { places[$0] }, beside: path)
                let totals = ArchiveTotals(of: whole, fileBytes: archive.fileBytes)
                return ((totals, rest.laidOut(order) { places[$0].record }), frames)
            }
            return (plan, frames)
        }
        counters.begin("writing the index", bytes: 0, items: 0)
        return try await WorkerThreads.perform { [mending] in
            let warnings = try mending.warnings()
            let (digest, totals) = try writer.finish(set)
            return Report(
                digest: digest,
                totals: totals,
                whole: whole,
                inputs: others.count + 1,
                warnings: warnings
            )
        }
    }
}
