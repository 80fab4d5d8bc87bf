import Glibc
import Synchronization

/// A signal stopped an operation, which has cleaned up.
struct Interruption: Error {
    /// The signal's number.
    var signal: Int32
    /// What the user has now, and what to do.
    var consequence: String
}

/// SIGINT, SIGTERM and SIGHUP: the first one cancels the operation under way so that it cleans up; the second
/// one, or the first if nothing is under way, ends the process at once.
///
/// A thread of its own waits for them (`sigwait(3)`), so that nothing runs in a signal handler.
enum Signals {
    private struct State {
        var received: Int32?
        var cancel: (@Sendable () -> Void)?
    }

    private static let state = Mutex(State())

    /// The signals that are listened to: not those that the parent had ignored, as `nohup` does.
    private static let handled = [SIGINT, SIGTERM, SIGHUP].filter { number in
        var action = sigaction()
        unsafe sigaction(number, nil, &action)
        return unsafe unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) != ignored
    }

    /// The value of `SIG_IGN`, which is a function pointer and can't be compared.
    private static let ignored = 1

    /// Starts to listen.
    ///
    /// To be called before any other thread exists: threads inherit the mask.
    static func listen() {
        // A closed pipe is then the error EPIPE.
        signal(SIGPIPE, SIG_IGN)
        var mask = handledMask
        unsafe pthread_sigmask(SIG_BLOCK, &mask, nil)
        var thread = pthread_t()
        unsafe pthread_create(
            &thread,
            nil,
            { _ in
                var mask = Signals.handledMask
                var number: Int32 = 0
                while unsafe sigwait(&mask, &number) == 0 { Signals.receive(number) }
                return nil
            },
            nil
        )
    }

    /// Runs `operation` so that a signal cancels it.
    ///
    /// - Parameters:
    ///   - consequence: What the user has after an interruption, and what to do, for the message.
    ///   - operation: What to run.
    /// - Returns: What `operation` returns.
    /// - Throws: ``Interruption`` if a signal cancelled it, otherwise what `operation` throws.
    static func cancelling<Result: Sendable>(
        consequence: String,
        _ operation: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let task = Task { try await operation() }
        let wasReceived = state.withLock { state in
            state.cancel = { task.cancel() }
            return state.received != nil
        }
        if wasReceived { task.cancel() }
        defer { state.withLock { $0.cancel = nil } }
        do {
            return try await task.value
        } catch is CancellationError {
            throw Interruption(signal: state.withLock { $0.received } ?? SIGINT, consequence: consequence)
        }
    }

    private static func receive(_ number: Int32) {
        let cancel = state.withLock { state in
            defer { state.received = state.received ?? number }
            return state.received == nil ? state.cancel : nil
        }
        guard let cancel else { _exit(128 + number) }
        cancel()
        ProgressLine.shared.stop()
    }

    private static var handledMask: sigset_t {
        var mask = sigset_t()
        unsafe sigemptyset(&mask)
        for number in handled { unsafe sigaddset(&mask, number) }
        return mask
    }
}
