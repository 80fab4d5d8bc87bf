/// A run of frames that lie end to end in an input and in the new archive alike.
struct FrameCopy: Sendable {
    /// The position of the archive among the inputs.
    var input: Int

    /// The frames in that archive.
    var records: [ChunkRecord]

    /// The offset of the run in the new archive, in bytes.
    var offset: Int

    /// The length of the run, in bytes.
    var count: Int
}
