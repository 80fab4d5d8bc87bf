import SystemPackage

/// The written index of a union, with the frames to copy and the figures to report.
struct UnionIndex: Sendable {
    let file: IndexFile
    let copies: FrameQueue
    let digest: ObjectID
    /// The figures, except for the length of the file.
    let totals: ArchiveTotals
    let comparableSources: [Source]
    let disagreements: [Disagreement]
    /// The disputed action IDs: see ``ActionUnion/disputes``.
    let disputes: [DisputedAction]

    private let framePlaces: FrameSpool.Places

    /// Merges the indexes of archives.
    ///
    /// Only the members of GOMODCACHE are held in memory. All other members pass from the inputs' tables
    /// through scratch files into the new index.
    ///
    /// - Parameters:
    ///   - archives: The archives.
    ///   - policy: The treatment of action IDs with several outputs.
    ///   - damaged: The frames that are known to be damaged.
    ///   - path: The archive that is being made.
    ///   - check: Called from time to time; an error that it throws ends the work.
    ///   - read: Called when an input has been read.
    /// - Throws: The error of `check`, or ``CacheStoreError``.
    init(
        of archives: [Archive],
        policy: Union.DisputePolicy,
        avoiding damaged: Set<FramePlace>,
        beside path: FilePath,
        check: () throws -> Void,
        read: () -> Void
    ) throws {
        var inputs: [IndexReader] = []
        var sets: [(path: FilePath, set: MemberSet)] = []
        for archive in archives {
            try check()
            let input = try archive.index()
            sets.append((archive.path, try input.modules(keepingPartsOfOutputs: true)))
            inputs.append(input)
            read()
        }
        var members = try MemberUnion(sets, avoiding: damaged)
        var outputs = try OutputUnion(inputs, members, beside: path)
        try outputs.run(check: check)
        var set = outputs.members.set
        var disagreements = outputs.disagreements
        var actions = try ActionUnion(
            inputs,
            outputs: outputs,
            sets: &set.sourceSets,
            policy: policy,
            disagreements: &disagreements,
            beside: path,
            check: check
        )
        disputes = actions.disputes
        if actions.isReferred.firstUnset != nil {
            // Only now it is known which outputs go with dropped entries, so all is laid out again.
            members = try MemberUnion(sets, avoiding: damaged)
            outputs = try OutputUnion(inputs, members, keeping: actions.isReferred, beside: path)
            try outputs.run(check: check)
            set = outputs.members.set
            disagreements = outputs.disagreements
            actions = try ActionUnion(
                inputs,
                outputs: outputs,
                sets: &set.sourceSets,
                policy: policy,
                disagreements: &disagreements,
                beside: path,
                check: check
            )
        }
        file = try IndexWriter.write(
            beside: path,
            digest: IndexFile.unknownDigest,
            set: set,
            usedSets: actions.usedSets.union(set.moduleSourceSets)
        ) { writer in
            try outputs.frames.forEach { try writer.write(chunk: $0) }
            try check()
            try outputs.forEachStream { try writer.write(stream: $0) }
            for chunks in set.moduleStreams { try writer.write(stream: chunks) }
            try check()
            try outputs.forEachOutput { try writer.write(output: $0) }
            try check()
            try actions.forEach { try writer.write(action: $0) }
            try check()
            try writer.writeModules(of: set)
        }
        let summary = try IndexSummary(of: file.reader()) { try outputs.id(of: $0) }
        try file.set(digest: summary.digest)
        (digest, totals) = (summary.digest, summary.totals)
        comparableSources = summary.comparableSources
        self.disagreements = disagreements.list
        copies = try FrameQueue(outputs.frames)
        framePlaces = FrameSpool.Places(outputs.frames)
    }

    /// Reads the members of the union into memory, with the place of the frame of each chunk.
    ///
    /// - Throws: ``CacheStoreError``.
    /// - Complexity: O(*n*) in time and memory.
    func members() throws -> (set: MemberSet, places: [FramePlace]) {
        (try file.reader().members(), try framePlaces.read())
    }
}
