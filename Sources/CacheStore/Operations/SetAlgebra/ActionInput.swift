/// An index whose action entries are merged with those of others, and its next entry, in the numbers of the
/// merge.
final class ActionInput {
    /// The position of the index among the inputs.
    let position: Int

    /// The next entry, or `nil` after the last.
    private(set) var next: ActionCursor.Row?

    private let cursor: ActionCursor
    private let outputs: BitArray.Selector
    private let sources: [SourceSetNumber]

    /// Begins with the first entry of each index.
    ///
    /// - Parameters:
    ///   - indexes: The indexes.
    ///   - outputs: For each index, the outputs of the merge that it has.
    ///   - sources: For each index, the numbers in the merge of the index's sets of sources.
    /// - Returns: An input per index.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``.
    static func inputs(
        _ indexes: [IndexReader],
        outputs: [BitArray],
        sources: [[SourceSetNumber]]
    ) throws -> [ActionInput] {
        try indexes.enumerated().map { position, index in
            try ActionInput(position, index, outputs: outputs[position], sources: sources[position])
        }
    }

    /// Begins with the first entry.
    ///
    /// - Parameters:
    ///   - position: The position of the index among the inputs.
    ///   - index: The index.
    ///   - outputs: For each output of the merge, whether the index has it.
    ///   - sources: The numbers in the merge of the index's sets of sources.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``.
    private init(_ position: Int, _ index: IndexReader, outputs: BitArray, sources: [SourceSetNumber]) throws
    {
        self.position = position
        cursor = try ActionCursor(index)
        self.outputs = outputs.selector()
        self.sources = sources
        try step()
    }

    /// Goes on to the next entry.
    ///
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``.
    func step() throws {
        next = try cursor.next()
        guard let row = next else { return }
        next?.output = OutputNumber(outputs[row.output.index])
        next?.sources = sources[row.sources]
    }
}
