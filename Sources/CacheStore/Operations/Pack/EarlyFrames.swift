import Synchronization
import SystemPackage

/// The frames of chunks that are compressed as soon as they are cut, so that their files are read once.
///
/// The order of the frames is known when all content has been read. Until then, they lie in a file without a
/// name beside the archive. Where that fails, for a lack of room for example, the other chunks are read again
/// when their turn comes.
final class EarlyFrames: Sendable {
    private struct State {
        var claimed: Set<ObjectID> = []
        var places: [ObjectID: FrameSequence.Place] = [:]
        var end = 0
        var hasFailed = false
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
        let isNew = state.withLock { !$0.hasFailed && $0.claimed.insert(id).inserted }
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
            state.withLock { $0.hasFailed = true }
        }
    }

    /// Returns the frame of a chunk, or `nil` if the chunk must be read.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func frame(of id: ObjectID) throws(CacheStoreError) -> FrameSequence.Frame? {
        guard let place = state.withLock({ $0.places[id] }) else { return nil }
        let bytes = try scratch.file.bytes(at: place.offset, count: place.count)
        guard bytes.count == place.count else { return nil }
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
