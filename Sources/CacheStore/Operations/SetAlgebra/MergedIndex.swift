import SystemPackage

/// The written index of a new archive, with the frames to copy and the figures to report.
struct MergedIndex: Sendable {
    let file: IndexFile
    let copies: FrameQueue
    let digest: ObjectID
    /// The figures, except for the length of the file.
    let totals: ArchiveTotals
    let comparableSources: [Source]
    let framePlaces: FrameSpool.Places

    /// Writes an index.
    ///
    /// - Parameters:
    ///   - set: All members except outputs and action entries, with their chunks laid out.
    ///   - outputs: The outputs and the frames.
    ///   - usedSets: The sets of sources that hold action entries.
    ///   - path: The archive that is being made.
    ///   - check: Called from time to time; an error that it throws ends the work.
    ///   - actions: Calls the closure that it is given with each action entry in order.
    /// - Throws: The error of `check`, or ``CacheStoreError``.
    init(
        _ set: MemberSet,
        _ outputs: OutputMerge,
        usedSets: Set<SourceSetNumber>,
        beside path: FilePath,
        check: () throws -> Void,
        actions: ((ActionCursor.Row) throws -> Void) throws -> Void
    ) throws {
        file = try IndexWriter.write(
            beside: path,
            digest: IndexFile.unknownDigest,
            set: set,
            usedSets: usedSets.union(set.moduleSourceSets)
        ) { writer in
            try outputs.frames.forEach { try writer.write(chunk: $0) }
            try check()
            try outputs.forEachStream { try writer.write(stream: $0) }
            for chunks in set.moduleStreams { try writer.write(stream: chunks) }
            try check()
            try outputs.forEachOutput { try writer.write(output: $0) }
            try check()
            try actions { try writer.write(action: $0) }
            try check()
            try writer.writeModules(of: set)
        }
        let summary = try IndexSummary(of: file.reader()) { try outputs.id(of: $0) }
        try file.set(digest: summary.digest)
        (digest, totals) = (summary.digest, summary.totals)
        comparableSources = summary.comparableSources
        copies = try FrameQueue(outputs.frames)
        framePlaces = FrameSpool.Places(outputs.frames)
    }
}
