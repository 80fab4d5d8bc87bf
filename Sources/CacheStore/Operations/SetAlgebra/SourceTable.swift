import SystemPackage

/// The sources of several archives as one list, ordered by label, and the sets of sources that members have.
struct SourceTable: Sendable {
    /// The sources of all archives.
    let sources: [Source]

    /// The sets of sources, which grow as members are united.
    var sets = SourceSets()

    private let positions: [String: Int]

    /// Brings the sources of archives together.
    ///
    /// - Parameter inputs: The sets, each with the archive that it comes from, for messages.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/duplicateLabel`` if two different packs
    ///   have the same label.
    init(_ inputs: [(path: FilePath, set: MemberSet)]) throws(CacheStoreError) {
        var found: [String: (source: Source, path: FilePath)] = [:]
        for (path, set) in inputs {
            for source in set.sources {
                guard let other = found[source.label] else {
                    found[source.label] = (source, path)
                    continue
                }
                guard other.source == source else {
                    throw CacheStoreError(
                        .duplicateLabel,
                        "two different packs are labelled `\(source.label)`; the other is in `\(other.path.shown)`",
                        path: path,
                        remedy: .relabel
                    )
                }
            }
        }
        sources = found.values.map(\.source).sorted { $0.label.precedes($1.label) }
        positions = Dictionary(uniqueKeysWithValues: sources.enumerated().map { ($1.label, $0) })
    }

    /// Returns the positions that an archive's sources have in the table.
    func positions(of other: [Source]) -> [Int] { other.map { positions[$0.label] ?? 0 } }

    /// Returns the numbers that an archive's sets of sources have in the table, and adds the sets that are
    /// new.
    mutating func numbers(of set: MemberSet) -> [SourceSetNumber] {
        let positions = positions(of: set.sources)
        // Both lists of sources are ordered by label, so an ascending set stays ascending.
        return set.sourceSets.sets.map { list in sets.number(of: list.map { positions[$0] }) }
    }
}
