public import SystemPackage

/// Subtracts archives: the set difference of their members.
///
/// The result is what one archive has and others have not, and an archive itself: it restores, verifies and unites
/// like any other. United with the others it has the members that the whole archive united with them would have.
/// Nothing is decoded: frames are copied as they are stored, and each is checked on its way.
public struct ArchiveDifference: Sendable {
    /// How to subtract.
    public let options: DifferenceOptions

    /// Creates a difference.
    public init(options: DifferenceOptions = DifferenceOptions()) { self.options = options }

    /// Writes what an archive has and others have not.
    ///
    /// - Parameters:
    ///   - archive: The archive.
    ///   - others: The others, in any order. Subtracting all at once is subtracting their union.
    ///   - path: The new archive. It appears under this name when it is whole, or not at all; it may be one
    ///     of the inputs.
    ///   - progress: Is told how far the work has come.
    /// - Returns: What was written.
    /// - Throws: ``CacheStoreError`` (``CacheStoreError/Code/conflict``,
    ///   ``CacheStoreError/Code/corruptArchive`` for a damaged input, or as the system says), or
    ///   `CancellationError` if the task was cancelled.
    /// - Complexity: O(*n* log *n*) in the members of all inputs, and O(*n*) in the stored bytes of the result;
    ///   memory for the indexes of the archive and of one of the others.
    public func run(
        _ archive: FilePath,
        without others: [FilePath],
        to path: FilePath,
        progress: ProgressHandler? = nil
    ) async throws -> DifferenceReport {
        let minuend = try Archive(opening: archive)
        var subtrahends: [Archive] = []
        for other in others { subtrahends.append(try Archive(opening: other)) }
        let opened = subtrahends
        return try await ProgressCounters.reporting(to: progress) { counters in
            try await ArchiveWriter.writing(to: path, overwrite: options.overwrite) { writer in
                try await run(minuend, without: opened, to: writer, path, counters)
            }
        }
    }

    private func run(
        _ archive: Archive,
        without others: [Archive],
        to writer: ArchiveWriter,
        _ path: FilePath,
        _ counters: ProgressCounters
    ) async throws -> DifferenceReport {
        counters.begin("reading indexes", bytes: 0, items: others.count + 1)
        let (whole, set, copies) = try await WorkerThreads.perform {
            let whole = try archive.members().0
            counters.add(bytes: 0)
            var difference = MemberDifference(whole, keepsUnusedChunks: true)
            for other in others {
                try difference.subtract(other.members().0, of: other.path)
                counters.add(bytes: 0)
            }
            let (rest, order) = difference.remainder
            let frames = order.lazy.map { FramePlace(input: 0, record: whole.chunks[Int($0)]) }
            return (
                ArchiveTotals(of: whole, fileBytes: archive.fileBytes),
                rest.laidOut(order) { whole.chunks[Int($0)] }, try FrameQueue(frames, beside: path)
            )
        }
        try await copies.copy(from: [archive], to: writer, jobs: options.jobs, counters)
        counters.begin("writing the index", bytes: 0, items: 0)
        return try await WorkerThreads.perform {
            let digest = set.digest
            let fileBytes = try writer.finish(set, digest: digest)
            return DifferenceReport(
                digest: digest,
                totals: ArchiveTotals(of: set, fileBytes: fileBytes),
                whole: whole,
                inputs: others.count + 1
            )
        }
    }
}
