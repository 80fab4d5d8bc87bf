/// A sheet that counts members and sums up at the end.
///
/// The sheet is small: there are few combinations of kind, class and sources.
struct TallySheet {
    private struct Key: Hashable {
        var kind: Member.Kind
        var entryClass: EntryClass?
        var sources: SourceSetNumber
    }

    private var tallies: [Key: ArchiveTotals.Tally] = [:]

    /// Counts a member.
    mutating func add(
        _ kind: Member.Kind,
        _ entryClass: EntryClass? = nil,
        sources: SourceSetNumber,
        files: Int = 1,
        contentBytes: Int,
        storedBytes: Int
    ) {
        let tally = ArchiveTotals.Tally(
            members: 1,
            files: files,
            contentBytes: contentBytes,
            storedBytes: storedBytes
        )
        tallies[Key(kind: kind, entryClass: entryClass, sources: sources), default: .init()] += tally
    }

    /// Returns the figures of all members that were counted.
    ///
    /// - Parameters:
    ///   - sources: The sources.
    ///   - sets: The sets of sources that the members were counted with.
    ///   - chunks: The number of chunks.
    ///   - frameBytes: The length of all frames, in bytes.
    ///   - fileBytes: The length of the file, in bytes.
    /// - Returns: The figures.
    func totals(
        of sources: [Source],
        _ sets: SourceSets,
        chunks: Int,
        frameBytes: Int,
        fileBytes: Int
    ) -> ArchiveTotals {
        var totals = ArchiveTotals()
        for (key, tally) in tallies {
            totals.all += tally
            totals.byKind[key.kind, default: .init()] += tally
            if let entryClass = key.entryClass { totals.byClass[entryClass, default: .init()] += tally }
            let labels = sets[key.sources].map { sources[$0].label }
            for label in labels { totals.bySource[label, default: .init()] += tally }
            if labels.count == 1 {
                totals.uniqueBySource[labels[0], default: .init()] += tally
            } else if labels.count > 1 {
                totals.shared += tally
            }
        }
        (totals.chunks, totals.frameBytes, totals.fileBytes) = (chunks, frameBytes, fileBytes)
        return totals
    }
}
