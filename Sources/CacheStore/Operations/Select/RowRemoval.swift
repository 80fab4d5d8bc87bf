/// The members of an index that a selection leaves out, found as the rows of the index pass by.
struct RowRemoval {
    private let selection: RowSelection
    private let keptEntries: BitArray
    private let keptOutputs: BitArray
    private let keptModules: MemberSet

    /// For each chunk in memory, whether a member that stays uses it.
    private let keepsChunk: BitArray

    /// The numbers of the chunks in memory.
    private let numbers: FrameTable

    /// Compares an index with some of its members.
    ///
    /// - Parameters:
    ///   - selection: The selection.
    ///   - entries: For each action entry, whether it stays.
    ///   - outputs: For each output, whether it stays.
    ///   - modules: The members of GOMODCACHE that stay.
    ///   - hasChunk: Returns whether members that stay use the chunk that has a number in the set of the
    ///     selection's modules.
    init(
        _ selection: RowSelection,
        leaving entries: BitArray,
        outputs: BitArray,
        modules: MemberSet,
        hasChunk: (ChunkNumber) -> Bool
    ) {
        self.selection = selection
        (keptEntries, keptOutputs, keptModules) = (entries, outputs, modules)
        var (keepsChunk, numbers) = (BitArray(), FrameTable())
        for (index, chunk) in selection.modules.whole.chunks.enumerated() {
            keepsChunk.append(hasChunk(ChunkNumber(index)))
            numbers.add(FramePlace(input: 0, record: chunk))
        }
        (self.keepsChunk, self.numbers) = (keepsChunk, numbers)
    }

    /// Returns the removed members in figures.
    ///
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``.
    func figures() throws -> Select.Removal {
        let whole = selection.modules.whole
        var gone = ArchiveTotals.Tally()
        let isCounted = try forEachOutput { _, row, stored in
            gone += ArchiveTotals.Tally(members: 1, files: 1, contentBytes: row.size, storedBytes: stored)
        }
        var uses = ChunkTally(whole.chunks, counted: isCounted)
        var figures = MemberRemoval(of: whole, leaving: keptModules).figures(&uses)
        if gone.members > 0 { figures.byKind[.output] = gone }
        try countEntries(&figures)
        return figures
    }

    /// Returns the packages and modules among the removed members, with their figures.
    ///
    /// - Parameter names: The names of the compiled packages.
    /// - Returns: The tables.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``.
    func tables(_ names: SelectionNames) throws -> ExplanationTables {
        var (whole, classes) = (selection.modules.whole, selection.classes)
        try selection.forEachEntry { _ = classes.note($1, &whole.sourceSets) }
        var tables = ExplanationTables(whole, PackageNames([:]))
        let isCounted = try forEachOutput { number, row, stored in
            guard classes.isPackage(number) else { return }
            tables.add(
                names[row.id],
                contentBytes: row.size,
                storedBytes: stored,
                sources: classes.sources(of: number)
            )
        }
        tables.uses = ChunkTally(whole.chunks, counted: isCounted)
        let removal = MemberRemoval(of: whole, leaving: keptModules)
        tables.gather { removal.contains($0, at: $1) }
        return tables
    }

    /// Calls `body` with each output that goes, in order: the number, the output, and the length of the
    /// frames that become free and that no earlier output uses, in bytes.
    ///
    /// - Returns: For each chunk in memory, whether its bytes count for no module that goes: a member that
    ///   stays uses the chunk, or it counts for an output.
    private func forEachOutput(_ body: (OutputNumber, OutputRowCursor.Row, Int) -> Void) throws -> BitArray {
        let chunks = selection.modules.whole.chunks
        var isCounted = keepsChunk
        /// The lengths of frames that don't become free, by the outputs that are the first to use them.
        var shared: [OutputNumber: Int] = [:]
        for (chunk, output) in selection.firstParts {
            guard let number = numbers.number(of: chunk) else { continue }
            if keepsChunk[number.index] { shared[output, default: 0] += chunks[number].storedBytes }
            isCounted[number.index] = true
        }
        let rows = try OutputRowCursor(selection.reader)
        for position in selection.storedBytes.indices {
            guard let row = try rows.next(), !keptOutputs[position] else { continue }
            let number = OutputNumber(position)
            var stored = selection.storedBytes[position]
            if stored > 0, selection.isSingle[position], let chunk = numbers.number(of: row.id) {
                // The ID of such an output is that of its chunk.
                if keepsChunk[chunk.index] { stored = 0 }
                isCounted[chunk.index] = true
            } else if let bytes = shared[number] {
                stored -= bytes
            }
            body(number, row, stored)
        }
        return isCounted
    }

    /// Adds the action entries that go to some figures.
    private func countEntries(_ figures: inout Select.Removal) throws {
        var counts: [SourceSetNumber: [EntryClass: Int]] = [:]
        try selection.forEachEntry { position, row in
            guard !keptEntries[position] else { return }
            counts[row.sources, default: [:]][selection.classes.entryClass(of: row), default: 0] += 1
        }
        let whole = selection.modules.whole
        for (sources, byClass) in counts {
            let labels = whole.sourceSets[sources].map { whole.sources[$0].label }
            for (entryClass, count) in byClass {
                figures.byKind[.action, default: .init()] += ArchiveTotals.Tally(
                    members: count,
                    files: count,
                    contentBytes: count * ActionEntry.byteCount,
                    storedBytes: count * ActionEntry.storedBytes
                )
                figures.count(count, entryClass, lostBy: labels)
            }
        }
    }
}
