import Glibc
import Synchronization

/// Threads for work that blocks, so that Swift's own few threads stay free.
enum WorkerThreads {
    /// Tells workers that their work is no longer wanted.
    final class Cancellation: Sendable {
        private let isCancelled = Atomic<Bool>(false)

        /// Asks all workers to stop.
        func cancel() { isCancelled.store(true, ordering: .relaxed) }

        /// Throws if a stop was asked for.
        ///
        /// - Throws: `CancellationError`.
        func check() throws {
            if isCancelled.load(ordering: .relaxed) { throw CancellationError() }
        }
    }

    /// The number of threads to use for `jobs`: as many as there are processors unless told otherwise.
    static func count(for jobs: Int?) -> Int {
        max(1, min(jobs ?? sysconf(Int32(_SC_NPROCESSORS_ONLN)), 256))
    }

    /// Runs `body` on `count` threads at once and waits for all.
    ///
    /// When one throws, or the task is cancelled, the others are asked to stop.
    ///
    /// - Parameters:
    ///   - count: The number of threads, at least 1.
    ///   - body: Called once on each thread with the means to notice a stop.
    /// - Throws: `CancellationError` if the task was cancelled, otherwise the first error of a thread.
    static func run(
        count: Int,
        _ body: @escaping @Sendable (Cancellation) throws -> Void
    ) async throws {
        let cancellation = Cancellation()
        let work = Work(body, threads: count)
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation {
                (continuation: CheckedContinuation<Void, any Error>) in
                for _ in 0..<count {
                    start {
                        let failure = work.run(cancellation)
                        guard let outcome = work.end(failure) else { return }
                        continuation.resume(with: outcome)
                    }
                }
            }
        } onCancel: {
            cancellation.cancel()
        }
        try Task.checkCancellation()
    }

    /// Runs `body` on a thread of its own.
    ///
    /// - Returns: The result of `body`.
    /// - Throws: The error of `body`, or `CancellationError` if the task was cancelled.
    static func perform<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value
    {
        try await performCancellable { _ in try body() }
    }

    /// Runs `body` on a thread of its own, with the means to notice that the task was cancelled.
    ///
    /// - Returns: The result of `body`.
    /// - Throws: The error of `body`, or `CancellationError` if the task was cancelled.
    static func performCancellable<Value: Sendable>(
        _ body: @escaping @Sendable (Cancellation) throws -> Value
    ) async throws -> Value {
        let result = Gathered<Value?>(nil)
        try await run(count: 1) { cancellation in
            let value = try body(cancellation)
            result.update { $0 = value }
        }
        guard let value = result.value else { throw CancellationError() }
        return value
    }

    /// Runs `body` for each index below `count` on up to `threads` threads, in ascending order of start.
    ///
    /// - Parameters:
    ///   - count: The number of items.
    ///   - threads: The number of threads.
    ///   - makeState: Makes what one thread reuses for all of its items.
    ///   - body: Called once for each index.
    /// - Throws: As ``run(count:_:)`` does.
    static func forEach<State: ~Copyable>(
        below count: Int,
        threads: Int,
        state makeState: @escaping @Sendable () throws -> State,
        _ body: @escaping @Sendable (inout State, Int, Cancellation) throws -> Void
    ) async throws {
        guard count > 0 else { return try Task.checkCancellation() }
        let cursor = Cursor()
        try await run(count: min(threads, count)) { cancellation in
            var state = try makeState()
            while let index = cursor.next(below: count) {
                try cancellation.check()
                try body(&state, index, cancellation)
            }
        }
    }

    /// Counts up across threads.
    private final class Cursor: Sendable {
        private let position = Atomic<Int>(0)

        func next(below end: Int) -> Int? {
            let index = position.add(1, ordering: .relaxed).oldValue
            return index < end ? index : nil
        }
    }

    /// What several threads do, and what has come of it.
    ///
    /// A class, because a mutex is noncopyable and can't be captured by several closures.
    private final class Work: Sendable {
        private struct State {
            var body: (@Sendable (Cancellation) throws -> Void)?
            var running: Int
            var failure: (any Error)?
        }

        private let state: Mutex<State>

        init(_ body: @escaping @Sendable (Cancellation) throws -> Void, threads: Int) {
            state = Mutex(State(body: body, running: threads))
        }

        /// Does the work on this thread, and returns its error.
        func run(_ cancellation: Cancellation) -> (any Error)? {
            guard let body = state.withLock({ $0.body }) else { return nil }
            do {
                try body(cancellation)
                return nil
            } catch {
                cancellation.cancel()
                return error
            }
        }

        /// Notes that a thread has ended, and returns what has come of all if it was the last.
        func end(_ failure: (any Error)?) -> Result<Void, any Error>? {
            state.withLock { state in
                // The error that caused the stop, not a later worker's notice of it.
                if state.failure == nil || state.failure is CancellationError {
                    state.failure = failure ?? state.failure
                }
                state.running -= 1
                guard state.running == 0 else { return nil }
                // What the work held is let go of before anyone learns that it has ended: temporary files too.
                state.body = nil
                return state.failure.map { .failure($0) } ?? .success(())
            }
        }
    }

    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Starts a detached thread; where the system has none left, the work is done on this one.
    private static func start(_ body: @escaping @Sendable () -> Void) {
        let argument = unsafe Unmanaged.passRetained(Body(body))
        var thread = pthread_t()
        let result = unsafe pthread_create(
            &thread,
            nil,
            { argument in
                if let argument = unsafe argument {
                    unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
                }
                return nil
            },
            argument.toOpaque()
        )
        if result == 0 {
            pthread_detach(thread)
        } else {
            unsafe argument.takeRetainedValue().run()
        }
    }
}
