/// A cursor that goes through the records of a ``Spool``.
struct SpoolCursor<Record: BitwiseCopyable> {
    private let scratch: ScratchFile
    private let count: Int
    private var piece: [Record] = []
    private var index = 0
    private var position = 0

    init(_ scratch: ScratchFile, count: Int) {
        self.scratch = scratch
        self.count = count
    }

    /// Returns the next record, or `nil` after the last.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    mutating func next() throws(CacheStoreError) -> Record? {
        if index == piece.count {
            guard position < count else { return nil }
            piece = try Spool<Record>.records(
                in: scratch,
                from: position,
                count: min(Spool<Record>.pieceCount, count - position)
            )
            guard !piece.isEmpty else { return nil }
            position += piece.count
            index = 0
        }
        index += 1
        return piece[index - 1]
    }
}

extension SpoolCursor: Sendable where Record: Sendable {}
