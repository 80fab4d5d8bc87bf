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
    /// - Complexity: O(*n*) in the members of all inputs and the stored bytes of the result; memory for all
    ///   indexes.
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
        let (set, disagreements) = try await mending.copy(to: writer, jobs: options.jobs, counters) {
            damaged in
            counters.begin("reading indexes", bytes: 0, items: archives.count)
            let (plan, frames) = try await WorkerThreads.perform {
                var sets: [(path: FilePath, set: MemberSet)] = []
                for archive in archives {
                    sets.append((archive.path, try archive.members().set))
                    counters.add(bytes: 0)
                }
                let intersection = try MemberIntersection(sets, avoiding: Set(damaged.keys))
                let places = intersection.frames.places
                let set = intersection.set.laidOut(intersection.order) { places[$0].record }
                let frames = try FrameQueue(intersection.order.lazy.map { places[$0] }, beside: path)
                return ((set, intersection.disagreements.list), frames)
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
                inputs: archives.count,
                inputBytes: archives.reduce(0) { $0 + $1.fileBytes },
                disagreements: disagreements,
                warnings: warnings + Compatibility.warnings(among: set.comparableSources())
            )
        }
    }
}
