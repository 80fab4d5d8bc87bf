public import SystemPackage

/// Intersects archives: the members that all of them have.
///
/// Any order of the inputs gives the same bytes, and intersecting an archive with itself gives itself. The result is
/// an archive like any other. Nothing is decoded: frames are copied as they are stored, and each is checked on its way.
public struct ArchiveIntersection: Sendable {
    /// How to intersect.
    public let options: IntersectionOptions

    /// Creates an intersection.
    public init(options: IntersectionOptions = IntersectionOptions()) { self.options = options }

    /// Writes what all of some archives have.
    ///
    /// - Parameters:
    ///   - inputs: The archives, at least one.
    ///   - path: The new archive. It appears under this name when it is whole, or not at all; it may be one
    ///     of the inputs.
    ///   - progress: Is told how far the work has come.
    /// - Returns: What was written.
    /// - Throws: ``CacheStoreError`` (``CacheStoreError/Code/duplicateLabel``,
    ///   ``CacheStoreError/Code/conflict``, ``CacheStoreError/Code/corruptArchive`` for a damaged input, or
    ///   as the system says), or `CancellationError` if the task was cancelled.
    /// - Complexity: O(*n*) in the members of all inputs and the stored bytes of the result; memory for all
    ///   indexes.
    public func run(
        _ inputs: [FilePath],
        to path: FilePath,
        progress: ProgressHandler? = nil
    ) async throws -> IntersectionReport {
        guard !inputs.isEmpty else { throw CacheStoreError(.badArgument, "there is no archive to intersect") }
        var archives: [Archive] = []
        for input in inputs { archives.append(try Archive(opening: input)) }
        let opened = archives
        return try await ProgressCounters.reporting(to: progress) { counters in
            try await ArchiveWriter.writing(to: path, overwrite: options.overwrite) { writer in
                try await run(opened, to: writer, path, counters)
            }
        }
    }

    private func run(
        _ archives: [Archive],
        to writer: ArchiveWriter,
        _ path: FilePath,
        _ counters: ProgressCounters
    ) async throws -> IntersectionReport {
        counters.begin("reading indexes", bytes: 0, items: archives.count)
        let (set, conflicts, copies) = try await WorkerThreads.perform {
            var sets: [(path: FilePath, set: MemberSet)] = []
            for archive in archives {
                sets.append((archive.path, try archive.members().0))
                counters.add(bytes: 0)
            }
            let intersection = try MemberIntersection(sets)
            let places = intersection.order.lazy.map { intersection.frames.places[Int($0)] }
            let set = intersection.set.laidOut(intersection.order) {
                intersection.frames.places[Int($0)].record
            }
            return (set, intersection.conflicts, try FrameQueue(places, beside: path))
        }
        try await copies.copy(from: archives, to: writer, jobs: options.jobs, counters)
        counters.begin("writing the index", bytes: 0, items: 0)
        return try await WorkerThreads.perform {
            let digest = set.digest
            let fileBytes = try writer.finish(set, digest: digest)
            return IntersectionReport(
                digest: digest,
                totals: ArchiveTotals(of: set, fileBytes: fileBytes),
                inputs: archives.count,
                inputBytes: archives.reduce(0) { $0 + $1.fileBytes },
                conflicts: conflicts,
                warnings: Compatibility.warnings(among: set.comparableSources())
            )
        }
    }
}
