import Synchronization
import SystemPackage

/// The frames of chunks that are compressed as soon as they are cut, so that their files are read once.
///
/// The order of the frames is known when all content has been read. Until then, they lie in a file without a
/// name beside the archive, which gives their room back as the archive grows. Where there is no room, the
/// other chunks are read again when their turn comes.
final class EarlyFrames: Sendable {
    private struct State {
        var claimed: Set<ObjectID> = []
        var places: [ObjectID: FrameSequence.Place] = [:]
        var end = 0
        /// Whether no more chunks are taken, because there is no room or their time is over.
        var isClosed = false
    }

    private let state = Mutex(State())
    private let scratch: ScratchFile
    private let level: Int

    /// Creates an empty store.
    ///
    /// - Parameters:
    ///   - archive: The archive that is being made.
    ///   - level: The level, in ``ZstdCompressor/levels``.
    /// - Throws: ``CacheStoreError`` as the system says.
    init(beside archive: FilePath, level: Int) throws(CacheStoreError) {
        scratch = try ScratchFile(beside: archive)
        self.level = level
    }

    /// Leaves out chunks that are probably not written.
    func leaveOut(_ known: some Sequence<ObjectID>) { state.withLock { $0.claimed.formUnion(known) } }

    /// The part of a thread, with a compressor of its own.
    ///
    /// The type is a class, because a compressor has one owner, and a cutter's closure needs it, too.
    final class Worker {
        /// The length, in bytes, of the beginning of a stream that its own thread compresses.
        ///
        /// The rest of a longer one would keep this thread busy while others have nothing left to do.
        static let streamSize = 16 << 20

        private let frames: EarlyFrames
        private let compressor: ZstdCompressor

        /// Creates a part; `nil` if there is no memory for a compressor.
        init?(_ frames: EarlyFrames?) {
            guard let frames, let compressor = try? ZstdCompressor(level: frames.level) else { return nil }
            self.frames = frames
            self.compressor = compressor
        }

        /// Compresses a chunk, unless that was done before.
        ///
        /// - Parameters:
        ///   - content: The chunk's content.
        ///   - id: The chunk's name.
        func add(_ content: Span<UInt8>, _ id: ObjectID) { frames.add(content, id, compressor) }
    }

    private func add(_ content: Span<UInt8>, _ id: ObjectID, _ compressor: borrowing ZstdCompressor) {
        let isNew = state.withLock { !$0.isClosed && $0.claimed.insert(id).inserted }
        guard isNew else { return }
        do {
            let frame = try FrameCompression.frame(content, compressor)
            let offset = state.withLock { state in
                defer { state.end += frame.bytes.count }
                return state.end
            }
            try scratch.file.write(frame.bytes.span, at: offset)
            let size = frame.bytes.count
            let place = FrameSequence.Place(offset: offset, count: size, checksum: frame.checksum)
            state.withLock { $0.places[id] = place }
        } catch {
            state.withLock { $0.isClosed = true }
        }
    }

    /// Takes no more chunks, and gives back the room of the frames that are not needed.
    ///
    /// - Parameter needed: The chunks that are written.
    func end(needing needed: Set<ObjectID>) {
        let unneeded = state.withLock { state in
            state.isClosed = true
            let unneeded = state.places.filter { !needed.contains($0.key) }
            for id in unneeded.keys { state.places[id] = nil }
            return unneeded
        }
        for place in unneeded.values { scratch.file.release(place.count, at: place.offset) }
    }

    /// Takes out the frame of a chunk, whose room is then free for the archive.
    ///
    /// - Returns: The frame; `nil` if the chunk must be read.
    /// - Throws: ``CacheStoreError`` as the system says.
    func take(_ id: ObjectID) throws(CacheStoreError) -> FrameSequence.Frame? {
        guard let place = state.withLock({ $0.places.removeValue(forKey: id) }) else { return nil }
        let bytes = try scratch.file.bytes(at: place.offset, count: place.count)
        guard bytes.count == place.count else { return nil }
        scratch.file.release(place.count, at: place.offset)
        return FrameSequence.Frame(bytes: bytes, checksum: place.checksum)
    }
}

extension StreamCutter {
    /// Creates a cutter whose chunks are compressed as they are cut.
    init(_ early: EarlyFrames.Worker?) {
        self.init { content, chunk in
            if chunk.offset < EarlyFrames.Worker.streamSize { early?.add(content, chunk.id) }
        }
    }
}
