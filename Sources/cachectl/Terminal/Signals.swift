import CacheStore
import Glibc
import Synchronization
import SystemPackage

/// The interruption of an operation by a signal, after the operation has cleaned up.
struct Interruption: Error {
    /// The signal's number.
    var signal: Int32
    /// The state that the interruption leaves, and the advice to the user.
    var consequence: String
}

/// The handling of SIGINT, SIGTERM and SIGHUP.
///
/// The first signal cancels the operation under way, so that the operation cleans up. The second signal ends
/// the process at once, unless it is the same one within ``repetition``: `timeout(1)` sends each signal to
/// the process and then to its group. If no operation is under way, the first signal ends the process.
///
/// A signal handler may call very few functions (`signal-safety(7)`). So the handler writes the signal's
/// number to a pipe, and a thread reads the number from there.
enum Signals {
    private struct State {
        var isCancelled = false
        var first: (number: Int32, time: ContinuousClock.Instant)?
        var cancel: (@Sendable () -> Void)?
    }

    private static let state = Mutex(State())

    /// The time within which a signal that comes twice is one signal; nobody presses a key so fast.
    private static let repetition = Duration.milliseconds(100)

    /// The pipe from the signal handler to the thread.
    private static let readEnd = Atomic<Int32>(-1)
    private static let writeEnd = Atomic<Int32>(-1)

    private static let lastNumber = Atomic<Int32>(0)

    /// The numeric value of `SIG_IGN`, which is a function pointer and can't be compared.
    private static let ignored = 1

    /// The last signal that was received, or `nil` if there was none.
    static var received: Int32? {
        let number = lastNumber.load(ordering: .acquiring)
        return number == 0 ? nil : number
    }

    private static let numbers = [SIGINT, SIGTERM, SIGHUP]

    /// Lets the calling thread receive the signals, and this process learn how its programs end.
    ///
    /// The parent process may have blocked the signals, if it starts processes from its own threads, as
    /// Dispatch does.
    static func unblock() {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        for number in numbers { unsafe sigaddset(&signals, number) }
        unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        // Where the parent ignores this signal, the system forgets how a program ended (wait(2)).
        signal(SIGCHLD, SIG_DFL)
    }

    /// Starts to handle the signals.
    ///
    /// - Throws: ``CacheStoreError`` if the system has no descriptors or threads left.
    static func listen() throws {
        // Writing to a closed pipe then fails with EPIPE, and writing beyond `ulimit -f` with EFBIG.
        signal(SIGPIPE, SIG_IGN)
        signal(SIGXFSZ, SIG_IGN)
        let (reader, writer) = try pipe()
        for end in [reader, writer] { _ = fcntl(end.rawValue, F_SETFD, FD_CLOEXEC) }
        readEnd.store(reader.rawValue, ordering: .releasing)
        writeEnd.store(writer.rawValue, ordering: .releasing)
        try startReading()
        for number in numbers { handle(number) }
    }

    /// Runs `operation` so that a signal cancels it.
    ///
    /// - Parameters:
    ///   - consequence: The state after an interruption and the advice to the user, for the message.
    ///   - operation: The operation.
    /// - Returns: The result of `operation`.
    /// - Throws: ``Interruption`` if a signal cancelled the operation, otherwise the error of `operation`.
    static func cancelling<Result: Sendable>(
        consequence: String,
        _ operation: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        // The lock is held, so that no signal finds an operation under way without the means to cancel it.
        let task = state.withLock { state in
            let task = Task(executorPreference: MainThread.preferred) { try await operation() }
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
        enum Step {
            case exit, ignore
            case cancel(@Sendable () -> Void)
        }
        let step = state.withLock { state -> Step in
            let now = ContinuousClock.now
            if let first = state.first {
                return first.number == number && now - first.time < repetition ? .ignore : .exit
            }
            state.first = (number, now)
            state.isCancelled = true
            return state.cancel.map { .cancel($0) } ?? .exit
        }
        switch step {
        case .exit: _exit(128 + number)
        case .ignore: return
        case .cancel(let cancel): cancel()
        }
        ProgressLine.shared.stop()
    }

    private static func handle(_ number: Int32) {
        var action = sigaction()
        unsafe sigaction(number, nil, &action)
        // A signal that the parent ignored, as `nohup` does, stays ignored.
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

    private static func pipe() throws(CacheStoreError) -> (FileDescriptor, FileDescriptor) {
        do {
            return try FileDescriptor.pipe()
        } catch {
            throw CacheStoreError(
                .io,
                "the system has no descriptor left",
                remedy: .allowOpenFiles,
                cause: error
            )
        }
    }

    private static func startReading() throws(CacheStoreError) {
        try WorkerThreads.start { readNumbers() }
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
