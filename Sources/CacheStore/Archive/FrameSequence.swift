/// A writer of frames, which puts the frames that workers make in any order into a file one after another.
///
/// A worker that is far ahead waits, so that only a few frames are in memory at a time.
final class FrameSequence: Sendable {
    /// A frame, ready to be stored.
    struct Frame: Sendable {
        var bytes: [UInt8]
        var checksum: UInt64
    }

    /// The place of a frame in the file.
    struct Place: Sendable {
        /// The offset of the frame, in bytes.
        var offset: Int
        /// The length of the frame, in bytes.
        var count: Int
        /// XXH64 of the frame.
        var checksum: UInt64

        /// Returns the record of the chunk whose frame lies here.
        func record(of chunk: ChunkRecord) -> ChunkRecord {
            var record = chunk
            (record.offset, record.storedBytes, record.checksum) = (offset, count, checksum)
            return record
        }
    }

    private struct State {
        var next = 0
        var offset = 0
        var isWriting = false
        var isStopped = false
        var pending: [Int: Frame?] = [:]
        var places: [Place?] = []
    }

    private let state = Monitor(State())

    /// The number of positions, beginning with the one to be written next, whose frames are accepted.
    ///
    /// A worker with a later frame waits.
    private let window: Int

    /// Creates a sequence for a number of workers.
    init(workers: Int) { window = 2 * workers + 4 }

    /// Takes the frame at a position, and writes all frames whose turn has come.
    ///
    /// - Parameters:
    ///   - index: The position; each position is brought once.
    ///   - frame: The frame, or `nil` if its content could not be read.
    ///   - write: Writes bytes at an offset.
    /// - Throws: The error of `write`.
    func bring(_ index: Int, _ frame: Frame?, write: (Span<UInt8>, Int) throws -> Void) throws {
        state.wait(until: { index < $0.next + window || $0.isStopped }) { $0.pending[index] = .some(frame) }
        while let (frame, offset) = takeNext() {
            if let frame {
                do {
                    try write(frame.bytes.span, offset)
                } catch {
                    stop()
                    throw error
                }
            }
            state.withLock { state in
                state.places.append(
                    frame.map { Place(offset: offset, count: $0.bytes.count, checksum: $0.checksum) }
                )
                state.offset += frame?.bytes.count ?? 0
                state.next += 1
                state.isWriting = false
            }
            state.broadcast()
        }
    }

    /// Releases all workers that wait.
    func stop() {
        state.withLock { $0.isStopped = true }
        state.broadcast()
    }

    /// The place of each frame, in the order of their positions; `nil` where there is no frame.
    var places: [Place?] { state.withLock { $0.places } }

    private func takeNext() -> (Frame?, Int)? {
        state.withLock { state in
            guard !state.isWriting, !state.isStopped,
                let frame = state.pending.removeValue(forKey: state.next)
            else { return nil }
            state.isWriting = true
            return (frame, state.offset)
        }
    }
}
