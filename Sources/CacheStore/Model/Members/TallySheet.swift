/// Counts members, and sums up at the end: there are few combinations of kind, class and sources.
struct TallySheet {
    private struct Key: Hashable {
        var kind: Member.Kind
        var entryClass: EntryClass?
        var sources: Int32
    }

    private var tallies: [Key: ArchiveTotals.Tally] = [:]

    /// Counts a member.
    mutating func add(
        _ kind: Member.Kind,
        _ entryClass: EntryClass? = nil,
        sources: Int32,
        files: Int = 1,
        size: Int,
        stored: Int
    ) {
        let tally = ArchiveTotals.Tally(members: 1, files: files, rawBytes: size, storedBytes: stored)
        tallies[Key(kind: kind, entryClass: entryClass, sources: sources), default: .init()] += tally
    }

    /// The figures of all members that were counted.
    ///
    /// - Parameters:
    ///   - set: Has the sources.
    ///   - chunks: The number of chunks.
    ///   - frameBytes: The length of all frames, in bytes.
    ///   - fileBytes: The length of the file, in bytes.
    /// - Returns: The figures.
    func totals(for set: MemberSet, chunks: Int, frameBytes: Int, fileBytes: Int) -> ArchiveTotals {
        var totals = ArchiveTotals()
        for (key, tally) in tallies {
            totals.all += tally
            totals.byKind[key.kind, default: .init()] += tally
            if let entryClass = key.entryClass { totals.byClass[entryClass, default: .init()] += tally }
            let labels = set.sourceSets[key.sources].map { set.sources[$0].label }
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
