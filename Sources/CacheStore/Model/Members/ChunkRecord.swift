/// A chunk and the frame that stores it.
struct ChunkRecord: Hashable, Sendable, BitwiseCopyable {
    /// The SHA-256 of the content.
    var id: ObjectID
    /// The offset of the frame in the archive, in bytes.
    var offset: Int
    /// The length of the frame, in bytes.
    var storedBytes: Int
    /// The length of the content, in bytes.
    var contentBytes: Int
    /// The XXH64 of the frame.
    var checksum: UInt64

    /// Returns whether a chunk can have these lengths, in bytes.
    static func isPossible(contentBytes: Int, storedBytes: Int) -> Bool {
        // This is zstd's own bound: a frame is never much longer than its content.
        (1...FormatLimits.chunkSize).contains(contentBytes)
            && (1...contentBytes + contentBytes / 128 + 1024).contains(storedBytes)
    }
}
