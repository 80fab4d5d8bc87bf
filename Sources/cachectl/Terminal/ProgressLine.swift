import CacheStore
import Synchronization

/// The one line on the terminal that shows the progress of an operation, and disappears when the operation
/// ends.
///
/// The line is a class because the operation's threads, the signal thread and the command share it.
final class ProgressLine: Sendable {
    /// The only line of this process, because a process has one standard error.
    static let shared = ProgressLine()

    private struct State {
        var isDrawn = false
        var isStopped = false
        var phase = ""
        var bytes = 0
        var begin = ContinuousClock.now
    }

    private let state = Mutex(State())

    private init() {}

    /// The handler to pass to an operation of the library, or `nil` where no line can be drawn.
    var handler: ProgressHandler? {
        guard Terminal.canRedraw else { return nil }
        return { [self] progress in draw(progress) }
    }

    /// Erases the line if it is drawn.
    func clear() { state.withLock { Self.erase(&$0) } }

    /// Erases the line and stops drawing, because the operation was interrupted.
    func stop() {
        state.withLock { state in
            Self.erase(&state)
            state.isStopped = true
        }
    }

    private func draw(_ progress: OperationProgress) {
        state.withLock { state in
            guard !state.isStopped, Terminal.isForeground else { return }
            if progress.phase != state.phase || progress.bytes < state.bytes {
                state.phase = progress.phase
                state.begin = .now
            }
            state.bytes = progress.bytes
            let text = ProgressText(progress, elapsed: .now - state.begin)
            // The sequence is a carriage return, the text, and "erase to the end of the line".
            StandardError.write("\r\(text.fitting(Terminal.width))\u{1B}[K")
            state.isDrawn = true
        }
    }

    private static func erase(_ state: inout State) {
        guard state.isDrawn else { return }
        StandardError.write("\r\u{1B}[K")
        state.isDrawn = false
    }
}
