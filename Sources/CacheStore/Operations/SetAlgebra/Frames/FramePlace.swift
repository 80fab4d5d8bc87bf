/// The place of a chunk's frame: an archive among the inputs, and the frame in it.
struct FramePlace: Hashable, Sendable, BitwiseCopyable {
    /// The position of the archive among the inputs.
    var input: Int
    /// The frame in that archive.
    var record: ChunkRecord
}
