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
    /// - Complexity: O(*n*) in the members of all inputs and the stored bytes of the result.
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
                try await run(opened, to: writer, counters)
            }
        }
    }

    private func run(
        _ archives: [Archive],
        to writer: ArchiveWriter,
        _ counters: ProgressCounters
    ) async throws -> UnionReport {
        counters.begin("reading indexes", bytes: 0, items: archives.count)
        let (union, set, copies) = try await WorkerThreads.perform {
            var sets: [(path: FilePath, set: MemberSet)] = []
            for archive in archives {
                sets.append((archive.path, try archive.members().0))
                counters.add(bytes: 0)
            }
            let union = try MemberUnion(sets)
            let order = union.set.frameOrder(includingUnused: true)
            let set = union.set.laidOut(order) { union.places[Int($0)].record }
            return (
                union, set, FrameCopy.runs(of: order.map { union.places[Int($0)] }, laidOutAs: set.chunks)
            )
        }
        try await copy(copies, from: archives, to: writer, counters)
        counters.begin("writing the index", bytes: 0, items: 0)
        return try await WorkerThreads.perform {
            let digest = set.digest
            let fileBytes = try writer.finish(set, digest: digest)
            return UnionReport(
                digest: digest,
                totals: ArchiveTotals(of: set, fileBytes: fileBytes),
                inputs: archives.count,
                inputBytes: archives.reduce(0) { $0 + $1.fileBytes },
                conflicts: union.conflicts,
                warnings: Compatibility.warnings(among: set.comparableSources())
            )
        }
    }

    private func copy(
        _ copies: [FrameCopy],
        from archives: [Archive],
        to writer: ArchiveWriter,
        _ counters: ProgressCounters
    ) async throws {
        counters.begin("copying", bytes: copies.reduce(0) { $0 + $1.count }, items: copies.count)
        let threads = WorkerThreads.count(for: options.jobs)
        try await WorkerThreads.forEach(below: copies.count, threads: threads, state: { ReusedBuffer() }) {
            buffer,
            index,
            _ in
            let copy = copies[index]
            try archives[copy.input].readFrames(copy.records, into: &buffer.bytes)
            try writer.write(buffer.bytes.span, at: copy.offset)
            counters.add(bytes: copy.count)
        }
    }

    private struct ReusedBuffer: ~Copyable {
        var bytes: [UInt8] = []
    }
}
