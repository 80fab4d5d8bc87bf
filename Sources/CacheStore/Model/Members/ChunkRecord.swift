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

    /// Whether a chunk can have these lengths, in bytes.
    static func isPossible(size: Int, stored: Int) -> Bool {
        // A frame is never much longer than its content: zstd's own bound.
        (1...Chunker.maximumSize).contains(size) && (1...size + size / 128 + 1024).contains(stored)
    }
}
