/// The outputs of an archive and their chunks, in the order of their frames, for several threads.
final class OutputFeed: Sendable {
    /// An output with its number and its chunks.
    struct Item: Sendable {
        var number: OutputNumber
        var output: MemberSet.Output
        var chunks: [ChunkRecord]
    }

    private let cursor: Monitor<OutputCursor>
    private let isWanted: BitArray?

    /// The limits of one batch, in bytes and outputs: large enough to be worth a lock.
    private static let limit = (bytes: 1 << 20, count: 32)

    /// Creates a feed that begins with the first output.
    ///
    /// - Parameters:
    ///   - archive: The archive, whose index is known to have its SHA-256.
    ///   - isWanted: For each output, whether the feed returns it; `nil` for all outputs.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``.
    init(_ archive: Archive, _ isWanted: BitArray? = nil) throws {
        cursor = Monitor(try OutputCursor(archive.index(isChecked: true)))
        self.isWanted = isWanted
    }

    /// Returns the next few outputs, or `nil` after the last.
    ///
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``.
    func next() throws -> [Item]? {
        try cursor.withLock { cursor in
            var result: [Item] = []
            var bytes = 0
            while result.count < Self.limit.count, bytes < Self.limit.bytes, try cursor.next() {
                let number = cursor.number
                guard let output = cursor.output, isWanted?[number.index] ?? true else { continue }
                result.append(Item(number: number, output: output, chunks: cursor.chunks.map(\.record)))
                bytes += output.size
            }
            return result.isEmpty ? nil : result
        }
    }
}
