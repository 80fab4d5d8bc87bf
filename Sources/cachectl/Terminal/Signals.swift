import Glibc
import Synchronization
import SystemPackage

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
/// A handler may call next to nothing (`signal-safety(7)`): it writes the signal's number to a pipe, and a thread
/// reads it there.
enum Signals {
    private struct State {
        var isCancelled = false
        var cancel: (@Sendable () -> Void)?
    }

    private static let state = Mutex(State())

    /// The pipe from the handler to the thread.
    private static let readEnd = Atomic<Int32>(-1)
    private static let writeEnd = Atomic<Int32>(-1)

    private static let lastNumber = Atomic<Int32>(0)

    /// The value of `SIG_IGN`, which is a function pointer and can't be compared.
    private static let ignored = 1

    /// The last signal that came, if one did.
    static var received: Int32? {
        let number = lastNumber.load(ordering: .acquiring)
        return number == 0 ? nil : number
    }

    private static let numbers = [SIGINT, SIGTERM, SIGHUP]

    /// Lets the calling thread receive the signals, which a parent that starts processes from threads of its own, as
    /// Dispatch does, may have blocked.
    static func unblock() {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        for number in numbers { unsafe sigaddset(&signals, number) }
        unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    }

    /// Starts to listen.
    ///
    /// - Throws: `Errno` if the system has no descriptors or threads left.
    static func listen() throws {
        // A closed pipe is then the error EPIPE.
        signal(SIGPIPE, SIG_IGN)
        let (reader, writer) = try FileDescriptor.pipe()
        for end in [reader, writer] { _ = fcntl(end.rawValue, F_SETFD, FD_CLOEXEC) }
        readEnd.store(reader.rawValue, ordering: .releasing)
        writeEnd.store(writer.rawValue, ordering: .releasing)
        try startReading()
        for number in numbers { handle(number) }
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
        // Under the lock, so that no signal finds the operation under way and nothing to cancel it with.
        let task = state.withLock { state in
            let task = Task { try await operation() }
            if state.isCancelled { task.cancel() }
            state.cancel = { task.cancel() }
            return task
        }
        defer { state.withLock { $0.cancel = nil } }
        do {
            return try await task.value
        } catch is CancellationError {
            throw Interruption(signal: received ?? SIGINT, consequence: consequence)
        }
    }

    private static func receive(_ number: Int32) {
        let cancel = state.withLock { state in
            defer { state.isCancelled = true }
            return state.isCancelled ? nil : state.cancel
        }
        guard let cancel else { _exit(128 + number) }
        cancel()
        ProgressLine.shared.stop()
    }

    private static func handle(_ number: Int32) {
        var action = sigaction()
        unsafe sigaction(number, nil, &action)
        // What the parent had ignored, as `nohup` does, stays ignored.
        let current = unsafe unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
        guard current != ignored else { return }
        unsafe action.__sigaction_handler.sa_handler = { number in
            let kept = errno
            Signals.lastNumber.store(number, ordering: .releasing)
            var byte = UInt8(truncatingIfNeeded: number)
            _ = unsafe write(Signals.writeEnd.load(ordering: .acquiring), &byte, 1)
            errno = kept
        }
        action.sa_flags = SA_RESTART
        unsafe sigaction(number, &action, nil)
    }

    private static func startReading() throws {
        var thread = pthread_t()
        let result = unsafe pthread_create(
            &thread,
            nil,
            { _ in
                Signals.readNumbers()
                return nil
            },
            nil
        )
        guard result == 0 else { throw Errno(rawValue: result) }
        pthread_detach(thread)
    }

    private static func readNumbers() {
        let reader = FileDescriptor(rawValue: readEnd.load(ordering: .acquiring))
        var bytes: [UInt8] = [0]
        while let count = try? unsafe bytes.withUnsafeMutableBytes({ unsafe try reader.read(into: $0) }),
            count == 1
        {
            receive(Int32(bytes[0]))
        }
    }
}
