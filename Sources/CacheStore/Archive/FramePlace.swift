/// The place of a chunk's frame: a file among several, and the frame in it.
struct FramePlace: Hashable, Sendable, BitwiseCopyable {
    /// The position of the file among the inputs.
    var input: Int
    /// The frame in that file.
    var record: ChunkRecord
}
