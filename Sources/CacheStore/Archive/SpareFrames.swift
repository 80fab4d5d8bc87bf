/// The frames that other files have of an archive's chunks, which take the place of damaged frames.
///
/// The lists of chunks are read when the first frame turns out to be damaged, so that a sound archive costs
/// nothing. They then take some 100 bytes per frame of all files.
final class SpareFrames: Sendable {
    private struct State {
        var places: [ObjectID: [FramePlace]]?
        var taken: [ObjectID: FramePlace] = [:]
    }

    /// The files, by their positions among the inputs.
    let files: [FrameFile]

    private let holders: [FrameHolder]

    /// The frames of chunks whose names in the index are damaged, by these names.
    private let renamed: [ObjectID: FramePlace]
    private let state = Monitor(State())

    /// Creates the spare frames of some files, of which the first is the archive that may be damaged.
    ///
    /// - Parameters:
    ///   - holders: The files.
    ///   - renamed: The frames of chunks whose names in the first file's index are damaged, by these names.
    init(_ holders: [FrameHolder], renamed: [ObjectID: FramePlace] = [:]) {
        (self.holders, self.renamed) = (holders, renamed)
        files = holders.map(\.frames)
    }

    /// Finds other files' frames of a chunk, sound or not.
    ///
    /// - Parameters:
    ///   - chunk: The chunk, with its damaged frame.
    ///   - input: The position of the file that has the damaged frame.
    /// - Returns: First the frames that were stored with the same bytes as the damaged one, then the others,
    ///   both in the order of the files.
    /// - Throws: ``CacheStoreError`` if a list of chunks can't be read.
    func places(of chunk: ChunkRecord, besides input: Int = 0) throws(CacheStoreError) -> [FramePlace] {
        let all = try state.withLock { (state) throws(CacheStoreError) in
            if let places = state.places { return places[chunk.id] ?? [] }
            let places = try readLists()
            state.places = places
            return places[chunk.id] ?? []
        }
        let others = (all + [renamed[chunk.id]].compactMap(\.self)).filter {
            $0.input != input && $0.record.contentBytes == chunk.contentBytes
        }
        return others.filter { $0.record.isStored(as: chunk) }
            + others.filter { !$0.record.isStored(as: chunk) }
    }

    private func readLists() throws(CacheStoreError) -> [ObjectID: [FramePlace]] {
        var places: [ObjectID: [FramePlace]] = [:]
        do {
            for (input, holder) in holders.enumerated() {
                try holder.forEachChunk { record in
                    places[record.id, default: []].append(FramePlace(input: input, record: record))
                }
            }
        } catch let error as CacheStoreError {
            throw error
        } catch {
            throw CacheStoreError(.io, "cannot list the frames of an archive", cause: error)
        }
        return places
    }

    /// Notes that a frame took the place of a damaged frame.
    func note(_ place: FramePlace, for chunk: ChunkRecord) {
        state.withLock { $0.taken[chunk.id] = place }
    }

    /// The frames that took the place of damaged ones, by chunk.
    var taken: [ObjectID: FramePlace] { state.withLock { $0.taken } }
}

extension ChunkRecord {
    /// Returns whether a frame, which lies anywhere, was stored with the same bytes as another.
    func isStored(as other: ChunkRecord) -> Bool {
        (id, storedBytes, checksum) == (other.id, other.storedBytes, other.checksum)
    }
}
