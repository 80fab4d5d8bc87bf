/// A run of frames that lie end to end in an input and in the union alike.
struct FrameCopy: Sendable {
    /// The position of the archive among the inputs.
    var input: Int

    /// The frames there.
    var records: [ChunkRecord]

    /// Where the run begins in the union, in bytes.
    var offset: Int

    /// The length of the run, in bytes.
    var count: Int

    /// A run is not much longer than this, in bytes: enough for the disk, and it fits a cache.
    private static let preferredSize = 1 << 20

    /// Cuts the frames of a union into runs.
    ///
    /// - Parameters:
    ///   - places: Where each frame is copied from, in the order of the union.
    ///   - chunks: The same frames as they lie in the union.
    /// - Returns: The runs, in the order of the union.
    static func runs(of places: [MemberUnion.FramePlace], laidOutAs chunks: [ChunkRecord]) -> [FrameCopy] {
        var result: [FrameCopy] = []
        for (place, chunk) in zip(places, chunks) {
            if let last = result.last, last.input == place.input, last.count < preferredSize,
                let end = last.records.last, end.offset + end.stored == place.record.offset
            {
                result[result.count - 1].records.append(place.record)
                result[result.count - 1].count += chunk.stored
            } else {
                result.append(
                    FrameCopy(
                        input: place.input,
                        records: [place.record],
                        offset: chunk.offset,
                        count: chunk.stored
                    )
                )
            }
        }
        return result
    }
}
