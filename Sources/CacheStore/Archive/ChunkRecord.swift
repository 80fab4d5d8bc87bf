/// A chunk and the frame that stores it.
struct ChunkRecord: Hashable, Sendable {
    /// The SHA-256 of the content.
    var id: ObjectID
    /// Where the frame begins in the archive, in bytes.
    var offset: Int
    /// The length of the frame, in bytes.
    var stored: Int
    /// The length of the content, in bytes.
    var size: Int
    /// XXH64 of the frame.
    var checksum: UInt64
}
