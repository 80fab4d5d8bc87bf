extension ExplainedIndex {
    /// Leaves in each of two indexes only the outputs and action entries that the other lacks, or has in
    /// another form, and notes the chunks that the other has.
    ///
    /// The sources of members are not compared.
    ///
    /// - Parameters:
    ///   - indexes: The two indexes, with all of their members.
    ///   - readers: The indexes, for further passes.
    /// - Throws: ``CacheStoreError``.
    static func keepChanges(_ indexes: inout [ExplainedIndex], _ readers: [IndexReader]) throws {
        let numbers = indexes.map(\.chunkNumbers)
        for index in 0..<2 {
            for number in indexes[index].set.chunks.indices
            where numbers[1 - index][indexes[index].set.chunks[number].id] != nil {
                indexes[index].knownChunks[number] = true
            }
        }
        var next = [0, 0]
        let outputs = try OutputPresence(readers, check: {}) { _, rows in
            let positions = next
            for index in 0..<2 {
                let other = 1 - index
                guard let row = rows[index] else { continue }
                next[index] += 1
                guard indexes[index].isSingle[positions[index]] else { continue }
                // The ID of such an output is that of its chunk.
                if let number = numbers[other][row.id] {
                    indexes[index].isKnown[positions[index]] = true
                    indexes[other].knownChunks[number.index] = true
                } else if rows[other] != nil, indexes[other].isSingle[positions[other]] {
                    indexes[index].isKnown[positions[index]] = true
                }
            }
            if let first = rows[0], let second = rows[1],
                MemberRelation(executable: first.executable, second.executable) == .same
            {
                indexes[0].isWanted[positions[0]] = false
                indexes[1].isWanted[positions[1]] = false
            }
        }
        let common = try commonActions(readers, outputs)
        for index in 0..<2 { indexes[index].actionCount -= common }
    }

    /// The numbers of the chunks in ``set``, by ID.
    var chunkNumbers: [ObjectID: ChunkNumber] {
        Dictionary(set.chunks.enumerated().map { ($1.id, ChunkNumber($0)) }) { first, _ in first }
    }

    /// Returns the number of action entries that two indexes have in common.
    private static func commonActions(_ readers: [IndexReader], _ outputs: OutputPresence) throws -> Int {
        let selectors = outputs.isPresent.map { $0.selector() }
        let cursors = try readers.map { try ActionCursor($0) }
        func key(_ index: Int) throws -> (ObjectID, Int)? {
            try cursors[index].next().map { ($0.id, selectors[index][$0.output.index]) }
        }
        var (first, second) = (try key(0), try key(1))
        var common = 0
        while let one = first, let other = second {
            if one == other { common += 1 }
            if one <= other { first = try key(0) }
            if other <= one { second = try key(1) }
        }
        return common
    }
}
