/// A chunk, as a member uses it.
struct ChunkUse: Sendable {
    /// The chunk's number, which is its frame's place.
    var number: ChunkNumber
    var record: ChunkRecord
    /// Whether no member used the chunk before.
    var isFirst: Bool
}
