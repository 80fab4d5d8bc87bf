/// The frames of a union that was not written, found by the places that they would have in it.
///
/// The frames that one output alone uses are asked for in the order of the union. The others may be asked for
/// at any time; their places are held in memory.
final class UnionFrames {
    private var places: FrameSpool.Places
    private var offset = 0

    /// The places of frames that several members may use, by their offsets in the union, in bytes.
    private var shared: [Int: FramePlace] = [:]

    /// Finds the frames that may be asked for at any time.
    ///
    /// - Parameters:
    ///   - places: The frames of the union.
    ///   - shared: Those that may be asked for at any time, as the index of the union has them.
    /// - Throws: ``CacheStoreError`` for a system error.
    /// - Complexity: O(*n*) in time; memory for the frames of `shared`.
    init(_ places: FrameSpool.Places, shared: [ChunkRecord]) throws(CacheStoreError) {
        self.places = places
        let offsets = Set(shared.map(\.offset))
        var (rest, offset) = (places, 0)
        while self.shared.count < offsets.count, let place = try rest.next() {
            if offsets.contains(offset) { self.shared[offset] = place }
            offset += place.record.storedBytes
        }
    }

    /// Returns the place of a frame in the inputs.
    ///
    /// - Parameter record: The frame, as the index of the union has it.
    /// - Returns: The place.
    /// - Throws: ``CacheStoreError`` for a system error.
    func place(of record: ChunkRecord) throws(CacheStoreError) -> FramePlace {
        if let place = shared[record.offset] { return place }
        while let place = try places.next() {
            defer { offset += place.record.storedBytes }
            if offset == record.offset { return place }
        }
        throw CacheStoreError(.io, "a scratch file ended early")
    }
}
