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

    /// Keeps members, merges their outputs, and writes the index.
    ///
    /// - Parameters:
    ///   - merged: All members except outputs and action entries.
    ///   - usedSets: The sets of sources that hold action entries.
    ///   - idle: The positions of sources that are kept although they hold no member.
    ///   - narrowed: The positions of the sources whose labels stay in the sets of sources; `nil` for all.
    ///   - merge: Begins the merge of the outputs, with the members that it is given.
    ///   - path: The archive that is being made.
    ///   - check: Called from time to time; an error that it throws ends the work.
    ///   - actions: Calls the closure that it is given with each action entry in order, with the numbers that
    ///     outputs and sets of sources had before.
    /// - Returns: The index, and the outputs on which inputs disagree.
    /// - Throws: The error of `check`, or ``CacheStoreError``.
    static func keeping(
        _ merged: MergedMembers,
        usedSets: Set<SourceSetNumber>,
        idle: Set<Int>,
        narrowing narrowed: Set<Int>? = nil,
        merge: (MergedMembers) throws -> OutputMerge,
        beside path: FilePath,
        check: () throws -> Void,
        actions: ((ActionCursor.Row) throws -> Void) throws -> Void
    ) throws -> (index: MergedIndex, disagreements: DisagreementList) {
        var merged = merged
        var holders = merged.set.holders(withEntriesOf: usedSets)
        if let narrowed { holders.formIntersection(narrowed) }
        let numbers = merged.set.keepSources(at: holders.union(idle))
        let outputs = try merge(merged)
        try outputs.run(check: check)
        let index = try MergedIndex(
            outputs.members.set,
            outputs,
            usedSets: Set(usedSets.map { numbers[$0] }),
            renumbering: numbers,
            beside: path,
            check: check,
            actions: actions
        )
        return (index, outputs.disagreements)
    }

    /// Writes an index.
    ///
    /// - Parameters:
    ///   - set: All members except outputs and action entries, with their chunks laid out.
    ///   - outputs: The outputs and the frames.
    ///   - usedSets: The sets of sources that hold action entries.
    ///   - numbers: The new numbers of the sets of sources of action entries; `nil` for the old ones.
    ///   - path: The archive that is being made.
    ///   - check: Called from time to time; an error that it throws ends the work.
    ///   - actions: Calls the closure that it is given with each action entry in order; their outputs are
    ///     numbered as in the merge.
    /// - Throws: The error of `check`, or ``CacheStoreError``.
    init(
        _ set: MemberSet,
        _ outputs: OutputMerge,
        usedSets: Set<SourceSetNumber>,
        renumbering numbers: [SourceSetNumber]? = nil,
        beside path: FilePath,
        check: () throws -> Void,
        actions: ((ActionCursor.Row) throws -> Void) throws -> Void
    ) throws {
        var largest: MemberSet.Output?
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
            try outputs.forEachOutput { output in
                try writer.write(output: output)
                if largest.map({ $0.size < output.size }) ?? true { largest = output }
            }
            try check()
            try actions { entry in
                var entry = entry
                entry.output = outputs.written(entry.output)
                if let numbers { entry.sources = numbers[entry.sources] }
                try writer.write(action: entry)
            }
            try check()
            try writer.writeModules(of: set)
        }
        try file.checkContent(mostly: largest)
        let summary = try IndexSummary(of: file.reader()) { try outputs.id(of: $0) }
        try file.set(digest: summary.digest)
        (digest, totals) = (summary.digest, summary.totals)
        comparableSources = summary.comparableSources
        copies = try FrameQueue(outputs.frames)
        framePlaces = FrameSpool.Places(outputs.frames)
    }
}
