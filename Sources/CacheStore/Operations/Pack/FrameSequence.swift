/// Puts frames that workers make in any order into their place in a file, one behind the other.
///
/// A worker that is far ahead waits, so that few frames are in memory at a time.
final class FrameSequence: Sendable {
    /// A frame, ready to be stored.
    struct Frame: Sendable {
        var bytes: [UInt8]
        var checksum: UInt64
    }

    private struct State {
        var next = 0
        var offset = 0
        var isWriting = false
        var isStopped = false
        var pending: [Int: Frame?] = [:]
        var stored: [(offset: Int, count: Int, checksum: UInt64)?] = []
    }

    private let state = Monitor(State())

    /// How many frames may lie between the one that is written next and the one that a worker brings.
    private let window: Int

    /// Creates a sequence for a number of workers.
    init(workers: Int) { window = 8 * workers }

    /// Brings the frame with a number, or word that there is none, and writes all frames whose turn has come.
    ///
    /// - Parameters:
    ///   - index: The number, from 0; each is brought once.
    ///   - frame: The frame, or `nil` if its content could not be read.
    ///   - write: Writes bytes at an offset.
    /// - Throws: What `write` throws.
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
                state.stored.append(frame.map { (offset, $0.bytes.count, $0.checksum) })
                state.offset += frame?.bytes.count ?? 0
                state.next += 1
                state.isWriting = false
            }
            state.broadcast()
        }
    }

    /// Lets all workers go that wait for others.
    func stop() {
        state.withLock { $0.isStopped = true }
        state.broadcast()
    }

    /// Where each frame lies, in the order of their numbers; `nil` where there is none.
    var stored: [(offset: Int, count: Int, checksum: UInt64)?] { state.withLock { $0.stored } }

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
