import SystemPackage

/// What a difference and an intersection have in common.
extension MemberSet {
    /// The positions of elements with equal keys in two lists that are ordered by key.
    ///
    /// - Parameters:
    ///   - first: A list.
    ///   - second: Another.
    ///   - precedes: Whether an element's key comes before another's.
    /// - Returns: The positions, ascending in both.
    /// - Complexity: O(*n*) in the length of both.
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

    /// The numbers of the chunks that no member uses, ordered by ID: see ``frameOrder(includingUnused:)``.
    var unusedChunks: [UInt32] { Array(frameOrder(includingUnused: true).dropFirst(frameOrder().count)) }

    /// The ID of the chunk that is a tree's manifest.
    func manifestID(of tree: Tree) -> ObjectID { chunks[Int(tree.manifest)].id }

    // MARK: - Sources

    /// The positions of the sources that hold a member.
    var holders: Set<Int> {
        var used: Set<Int32> = []
        for action in actions { used.insert(action.sources) }
        for tree in trees { used.insert(tree.sources) }
        for download in downloads { used.insert(download.sources) }
        for file in checksumFiles { used.insert(file.sources) }
        return Set(used.flatMap { sourceSets[$0] })
    }

    /// The set with each number of a set of sources replaced.
    func renumberingSources(_ number: (Int32) -> Int32) -> MemberSet {
        var result = self
        for index in actions.indices { result.actions[index].sources = number(actions[index].sources) }
        for index in trees.indices { result.trees[index].sources = number(trees[index].sources) }
        for index in downloads.indices { result.downloads[index].sources = number(downloads[index].sources) }
        for index in checksumFiles.indices {
            result.checksumFiles[index].sources = number(checksumFiles[index].sources)
        }
        return result
    }

    /// The set without the sources at all other positions; they hold no member.
    func keepingSources(at positions: Set<Int>) -> MemberSet {
        guard positions.count < sources.count else { return self }
        let kept = positions.sorted()
        let renumbered = Dictionary(uniqueKeysWithValues: kept.enumerated().map { ($1, $0) })
        var sets = SourceSets()
        let numbers = sourceSets.sets.map { list in sets.number(of: list.compactMap { renumbered[$0] }) }
        var result = renumberingSources { numbers[Int($0)] }
        result.sourceSets = sets
        result.sources = kept.map { sources[$0] }
        return result
    }
}

extension CacheStoreError {
    /// The error for a member on which archives differ that Go's checksums make unique.
    ///
    /// - Parameters:
    ///   - member: The member, as a listing names it.
    ///   - path: The archive that differs from what is known so far.
    /// - Returns: An error with code ``Code/conflict``.
    static func alarm(_ member: String, _ path: FilePath) -> Self {
        Self(
            .conflict,
            "this archive and what it is compared with differ in what Go's checksums make unique: one was tampered with",
            path: path,
            member: member,
            hint: "find out which job's module differs from go.sum before you use either"
        )
    }
}
