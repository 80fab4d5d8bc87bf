/// A chunk, as one member uses it.
struct ChunkUse: Sendable {
    /// The number of the chunk, which is the place of its frame.
    var number: ChunkNumber
    var record: ChunkRecord
    /// Whether no member has used the chunk before.
    var isFirst: Bool
}
