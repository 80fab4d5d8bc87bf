import CacheStore
import Synchronization

/// The progress of an operation where no line can be redrawn, as in the log of a CI job: a line from time to
/// time.
///
/// An operation that is done before the first line is due prints none.
final class ProgressLog: Sendable {
    private struct State {
        var last: ContinuousClock.Instant
        var phase = ""
        var bytes = 0
        var begin: ContinuousClock.Instant
    }

    private let interval: Duration
    private let write: @Sendable (String) -> Void
    private let state: Mutex<State>

    /// Begins a log.
    ///
    /// - Parameters:
    ///   - interval: The least time between two lines, and before the first.
    ///   - begin: The time at which the operation begins.
    ///   - write: Called with each line.
    init(
        interval: Duration = .seconds(10),
        begin: ContinuousClock.Instant = .now,
        write: @escaping @Sendable (String) -> Void = { StandardError.write($0) }
    ) {
        (self.interval, self.write) = (interval, write)
        state = Mutex(State(last: begin, begin: begin))
    }

    /// The handler to pass to an operation of the library.
    var handler: ProgressHandler { { [self] progress in note(progress, at: .now) } }

    /// Writes a line if one is due.
    func note(_ progress: OperationProgress, at now: ContinuousClock.Instant) {
        let line = state.withLock { state -> String? in
            if progress.phase != state.phase || progress.bytes < state.bytes {
                (state.phase, state.begin) = (progress.phase, now)
            }
            state.bytes = progress.bytes
            guard now - state.last >= interval else { return nil }
            state.last = now
            return ProgressText(progress, elapsed: now - state.begin).fitting(.max)
        }
        if let line { write(line + "\n") }
    }
}
