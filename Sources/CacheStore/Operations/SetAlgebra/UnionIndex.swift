import SystemPackage

/// The written index of a union, with what its inputs disagree on.
struct UnionIndex: Sendable {
    /// The index, the frames and the figures.
    let merged: MergedIndex
    let disagreements: [Disagreement]
    /// The disputed action IDs: see ``ActionUnion/disputes``.
    let disputes: [DisputedAction]

    /// Checks the indexes of archives, and merges them.
    ///
    /// Only the members of GOMODCACHE are held in memory, and what ``CheckedIndex`` holds of one input at a
    /// time. All other members pass from the inputs' tables through scratch files into the new index.
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
            let input = try CheckedIndex(of: archive, try archive.index(), keepingPartsOfOutputs: true)
            sets.append((archive.path, input.set))
            inputs.append(input.reader)
            read()
        }
        var members = try MemberUnion(sets, avoiding: damaged)
        var outputs = try OutputMerge(inputs, members.merged, beside: path)
        try outputs.run(check: check)
        var set = outputs.members.set
        var disagreements = outputs.disagreements
        var actions = try ActionUnion(
            inputs,
            outputs: outputs,
            sourceNumbers: members.sourceNumbers,
            sets: &set.sourceSets,
            policy: policy,
            disagreements: &disagreements,
            beside: path,
            check: check
        )
        disputes = actions.disputes
        if actions.entries.isReferred.firstUnset != nil {
            // Only now it is known which outputs go with dropped entries, so all is laid out again.
            members = try MemberUnion(sets, avoiding: damaged)
            outputs = try OutputMerge(
                inputs,
                members.merged,
                keeping: actions.entries.isReferred,
                beside: path
            )
            try outputs.run(check: check)
            set = outputs.members.set
            disagreements = outputs.disagreements
            actions = try ActionUnion(
                inputs,
                outputs: outputs,
                sourceNumbers: members.sourceNumbers,
                sets: &set.sourceSets,
                policy: policy,
                disagreements: &disagreements,
                beside: path,
                check: check
            )
        }
        merged = try MergedIndex(set, outputs, usedSets: actions.entries.usedSets, beside: path, check: check)
        {
            try actions.entries.forEach($0)
        }
        self.disagreements = disagreements.list
    }

    /// Reads the members of the union into memory, with the place of the frame of each chunk.
    ///
    /// - Throws: ``CacheStoreError``.
    /// - Complexity: O(*n*) in time and memory.
    func members() throws -> (set: MemberSet, places: [FramePlace]) {
        (try merged.file.reader().members(), try merged.framePlaces.read())
    }
}
