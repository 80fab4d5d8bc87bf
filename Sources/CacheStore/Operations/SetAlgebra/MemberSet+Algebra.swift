/// The parts that the operations of the set algebra share.
extension MemberSet {
    /// Finds elements with equal keys in two lists that are ordered by key.
    ///
    /// - Parameters:
    ///   - first: A list.
    ///   - second: Another list.
    ///   - precedes: Returns whether the first element's key comes before the second element's.
    /// - Returns: The positions of the elements, ascending in both lists.
    /// - Complexity: O(*n*) in the length of both lists.
    static func common<Element>(
        _ first: [Element],
        _ second: [Element],
        precedes: (Element, Element) -> Bool
    ) -> [(first: Int, second: Int)] {
        var result: [(first: Int, second: Int)] = []
        var (left, right) = (0, 0)
        while left < first.count, right < second.count {
            if precedes(first[left], second[right]) {
                left += 1
            } else if precedes(second[right], first[left]) {
                right += 1
            } else {
                result.append((left, right))
                left += 1
                right += 1
            }
        }
        return result
    }

    /// Finds the modules whose trees are in this set and in another set, and relates the trees.
    func relatedTrees(_ other: MemberSet) -> [(first: Int, second: Int, relation: MemberRelation)] {
        Self.common(trees, other.trees) { $0.module < $1.module }
            .map { first, second in
                let (one, another) = (trees[first], other.trees[second])
                let relation = MemberRelation(
                    (one, manifestID(of: one)),
                    (another, other.manifestID(of: another))
                )
                return (first, second, relation)
            }
    }

    /// Finds the IDs under which this set and another set have outputs, and relates the outputs.
    func relatedOutputs(_ other: MemberSet) -> [(first: Int, second: Int, relation: MemberRelation)] {
        Self.common(outputs, other.outputs) { $0.id < $1.id }
            .map { ($0, $1, MemberRelation(outputs[$0], other.outputs[$1])) }
    }

    /// Finds the keys under which this set and another set have downloads, and relates the downloads.
    func relatedDownloads(_ other: MemberSet) -> [(first: Int, second: Int, relation: MemberRelation)] {
        Self.common(downloads, other.downloads) { $0.key < $1.key }
            .map { ($0, $1, MemberRelation(downloads[$0], other.downloads[$1])) }
    }

    /// Finds the files of the checksum database that this set and another set have, and relates them.
    func relatedChecksumFiles(_ other: MemberSet) -> [(first: Int, second: Int, relation: MemberRelation)] {
        Self.common(checksumFiles, other.checksumFiles) { $0.path.precedes($1.path) }
            .map { ($0, $1, MemberRelation(checksumFiles[$0], other.checksumFiles[$1])) }
    }

    /// The chunks that no member uses, ordered by ID; see ``frameOrder(includingUnused:)``.
    var unusedChunks: [ChunkNumber] {
        Array(frameOrder(includingUnused: true).dropFirst(frameOrder().count))
    }

    // MARK: - Sources

    /// The positions of the sources that hold a member.
    var holders: Set<Int> { holders(withEntriesOf: Set(actions.map(\.sources))) }

    /// Returns the positions of the sources that hold a member of GOMODCACHE or action entries.
    ///
    /// - Parameter sets: The sets of sources that hold action entries.
    /// - Returns: The positions.
    func holders(withEntriesOf sets: Set<SourceSetNumber>) -> Set<Int> {
        Set(moduleSourceSets.union(sets).flatMap { sourceSets[$0] })
    }

    /// Returns the set with the number of each set of sources replaced.
    func renumberingSources(_ number: (SourceSetNumber) -> SourceSetNumber) -> MemberSet {
        var result = self
        for index in actions.indices { result.actions[index].sources = number(actions[index].sources) }
        for index in trees.indices { result.trees[index].sources = number(trees[index].sources) }
        for index in downloads.indices { result.downloads[index].sources = number(downloads[index].sources) }
        for index in checksumFiles.indices {
            result.checksumFiles[index].sources = number(checksumFiles[index].sources)
        }
        return result
    }

    /// Returns the set with the sources at the given positions only.
    ///
    /// The sources at all other positions must hold no member.
    func keepingSources(at positions: Set<Int>) -> MemberSet {
        var result = self
        _ = result.keepSources(at: positions)
        return result
    }

    /// Keeps the sources at the given positions only.
    ///
    /// The sources at all other positions must hold no member.
    ///
    /// - Parameter positions: The positions.
    /// - Returns: The new number of each set of sources, by its old number.
    mutating func keepSources(at positions: Set<Int>) -> [SourceSetNumber] {
        guard positions.count < sources.count else {
            return sourceSets.sets.indices.map { SourceSetNumber($0) }
        }
        let kept = positions.sorted()
        let renumbered = Dictionary(uniqueKeysWithValues: kept.enumerated().map { ($1, $0) })
        var sets = SourceSets()
        let numbers = sourceSets.sets.map { list in sets.number(of: list.compactMap { renumbered[$0] }) }
        let known = sources
        self = renumberingSources { numbers[$0] }
        sourceSets = sets
        sources = kept.map { known[$0] }
        return numbers
    }
}
