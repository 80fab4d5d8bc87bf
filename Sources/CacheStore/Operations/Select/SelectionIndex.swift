import SystemPackage

/// The written index of a selection, and what is left out of the union.
///
/// Outputs and action entries go from the index of the union to that of the selection row by row.
struct SelectionIndex: Sendable {
    /// The index, the frames and the figures.
    let merged: MergedIndex

    /// The rest of the report.
    let findings: SelectionFindings

    /// The packages and modules that are left out, if they were asked for.
    let tables: ExplanationTables?

    /// Applies filters to a union.
    ///
    /// - Parameters:
    ///   - union: The union of the archives.
    ///   - filters: The filters, without a limit of the size.
    ///   - names: The names of the compiled packages, if filters or the tables ask for them.
    ///   - listsRemoved: Whether ``tables`` are made.
    ///   - path: The archive that is being made; scratch files without names lie beside it.
    ///   - check: Called from time to time; an error that it throws ends the work.
    /// - Throws: The error of `check`, or ``CacheStoreError``.
    init(
        of union: UnionIndex,
        _ filters: SelectionFilters,
        _ names: SelectionNames?,
        listingRemoved listsRemoved: Bool = false,
        beside path: FilePath,
        check: () throws -> Void
    ) throws {
        let reader = try union.merged.file.reader()
        var selection = try RowSelection(reader)
        let warnings = try filters.apply(to: &selection, names, check: check)
        try check()
        let part = try Part(selection, disputes: union.disputes)
        let rest = selection.modules.members
        let (sources, hasChunk): ([Source], (ChunkNumber) -> Bool)
        if filters.keepsAll {
            // A union also keeps chunks that no member uses.
            (merged, sources, hasChunk) = (union.merged, rest.sources, { _ in true })
        } else {
            let written = try Self.write(
                selection,
                part,
                union.merged.framePlaces,
                beside: path,
                check: check
            )
            (merged, sources, hasChunk) = (written.index, written.sources, written.hasChunk)
        }
        try check()
        let removal = RowRemoval(
            selection,
            leaving: part.entries,
            outputs: part.outputs,
            modules: rest,
            hasChunk: hasChunk
        )
        let warning = Warning(
            ofUse: part.hadPackages || selection.modules.whole.holdsModules,
            left: part.hasPackages || rest.holdsModules
        )
        tables = try listsRemoved ? names.map { try removal.tables($0) } : nil
        findings = SelectionFindings(
            removed: try removal.figures(),
            disagreements: union.disagreements,
            disputes: union.disputes.left(part.disputedOutputs, among: sources),
            warnings: warnings + [warning].compactMap(\.self)
        )
    }

    /// Writes the index of the members that stay.
    private static func write(
        _ selection: RowSelection,
        _ part: Part,
        _ places: FrameSpool.Places,
        beside path: FilePath,
        check: () throws -> Void
    ) throws -> (index: MergedIndex, sources: [Source], hasChunk: (ChunkNumber) -> Bool) {
        var frames = FrameTable()
        let set = frames.add(selection.modules.members, from: 0)
        let union = try UnionFrames(places, shared: set.chunks)
        var sources = set.sources
        var outputs: OutputMerge?
        let (index, _) = try MergedIndex.keeping(
            MergedMembers(set: set, frames: frames, unusedChunks: []),
            usedSets: part.sets,
            idle: selection.modules.namedSources,
            narrowing: selection.modules.narrowedSources,
            merge: { members in
                let merge = try OutputMerge(
                    [selection.reader],
                    members,
                    keeping: part.outputs,
                    beside: path,
                    copying: { try union.place(of: $0.record) }
                )
                (sources, outputs) = (members.set.sources, merge)
                return merge
            },
            beside: path,
            check: check
        ) { write in
            try selection.forEachEntry { position, row in
                if part.entries[position] { try write(row) }
            }
        }
        return (index, sources, { outputs?.hasChunk($0) ?? false })
    }

    /// The outputs and action entries that stay.
    private struct Part {
        /// For each action entry, whether it stays.
        let entries: BitArray

        /// For each output, whether it stays.
        private(set) var outputs: BitArray

        /// Whether there are compiled packages among all outputs.
        private(set) var hadPackages = false

        /// Whether there are compiled packages among those that stay.
        private(set) var hasPackages = false

        /// The sets of sources of the entries that stay.
        private(set) var sets: Set<SourceSetNumber> = []

        /// The outputs that stay for disputed actions, by the actions' IDs.
        private(set) var disputedOutputs: [ObjectID: Set<ObjectID>]

        init(_ selection: RowSelection, disputes: [DisputedAction]) throws {
            entries = try selection.keptEntries()
            outputs = BitArray(count: selection.reader.outputCount)
            disputedOutputs = Dictionary(uniqueKeysWithValues: disputes.map { ($0.id, []) })
            let actions = try ActionCursor(selection.reader)
            var position = 0
            while let row = try actions.next() {
                defer { position += 1 }
                let isPackage = selection.classes.isPackage(row.output)
                if isPackage { hadPackages = true }
                guard entries[position] else { continue }
                if isPackage { hasPackages = true }
                outputs[row.output.index] = true
                sets.insert(row.sources)
                if !disputes.isEmpty, disputedOutputs[row.id] != nil {
                    try disputedOutputs[row.id]?.insert(selection.reader.output(row.output).id)
                }
            }
        }
    }
}
