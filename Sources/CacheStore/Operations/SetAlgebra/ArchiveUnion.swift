public import SystemPackage

/// Unites archives: the set union of their members.
///
/// Any order of the inputs gives the same bytes, in one step or in several, and uniting an archive with itself
/// gives itself. Nothing is decoded: frames are copied as they are stored, and each is checked on its way.
public struct ArchiveUnion: Sendable {
    /// How to unite.
    public let options: UnionOptions

    /// Creates a union.
    public init(options: UnionOptions = UnionOptions()) { self.options = options }

    /// Writes the union of archives.
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
    /// - Complexity: O(*n*) in the members of all inputs and the stored bytes of the result; memory for what lies in
    ///   GOMODCACHE, some 20 bytes an output and, a thread, a run of frames.
    public func run(
        _ inputs: [FilePath],
        to path: FilePath,
        progress: ProgressHandler? = nil
    ) async throws -> UnionReport {
        guard !inputs.isEmpty else { throw CacheStoreError(.badArgument, "there is no archive to unite") }
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
    ) async throws -> UnionReport {
        counters.begin("reading indexes", bytes: 0, items: archives.count)
        let made = Gathered<UnionIndex?>(nil)
        try await WorkerThreads.run(count: 1) { cancellation in
            let index = try UnionIndex(of: archives, beside: path) {
                try cancellation.check()
            } read: {
                counters.add(bytes: 0)
            }
            made.update { $0 = index }
        }
        guard let union = made.value else { throw CancellationError() }
        try await union.copies.copy(from: archives, to: writer, jobs: options.jobs, counters)
        counters.begin("writing the index", bytes: 0, items: 0)
        return try await WorkerThreads.perform {
            let fileBytes = try writer.finish(union.file)
            var totals = union.totals
            totals.fileBytes = fileBytes
            return UnionReport(
                digest: union.digest,
                totals: totals,
                inputs: archives.count,
                inputBytes: archives.reduce(0) { $0 + $1.fileBytes },
                conflicts: union.conflicts,
                warnings: Compatibility.warnings(among: union.comparableSources)
            )
        }
    }
}
