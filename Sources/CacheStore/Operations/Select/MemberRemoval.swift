extension Select.Removal {
    /// Counts the members of a set that a part of the set lacks.
    ///
    /// - Parameters:
    ///   - whole: The set.
    ///   - part: Some of its members.
    /// - Complexity: O(*n*) in the members of the set.
    init(of whole: MemberSet, without part: MemberSet) {
        var uses = ChunkTally(of: whole, without: part)
        var rest = MemberListing(part).lazy.map { Key($0.member) }.makeIterator()
        var next = rest.next()
        for element in MemberListing(whole) {
            // Both listings are in the same order.
            if next == Key(element.member) {
                next = rest.next()
                continue
            }
            let member = element.member
            byKind[member.kind, default: .init()] += ArchiveTotals.Tally(
                members: 1,
                files: member.files,
                contentBytes: member.contentBytes,
                storedBytes: uses.storedBytes(of: element)
            )
        }
        entriesBySource = Self.entries(of: whole)
        for (label, count) in Self.entries(of: part) { entriesBySource[label, default: 0] -= count }
        entriesBySource = entriesBySource.filter { $0.value > 0 }
    }

    private struct Key: Equatable {
        var kind: Member.Kind
        var name: String
        var detail: String

        init(_ member: Member) {
            (kind, name) = (member.kind, member.name)
            detail = member.kind == .action ? member.detail : ""
        }
    }

    /// Returns the number of action entries that each source holds, by its label.
    private static func entries(of set: MemberSet) -> [String: Int] {
        var counts = [Int](repeating: 0, count: set.sourceSets.sets.count)
        for action in set.actions { counts[action.sources.index] += 1 }
        var result: [String: Int] = [:]
        for (sources, count) in zip(set.sourceSets.sets, counts) {
            for source in sources { result[set.sources[source].label, default: 0] += count }
        }
        return result
    }
}
