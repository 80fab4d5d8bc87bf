import Glibc
import Synchronization
import SystemPackage

/// Threads for work that blocks, so that Swift's own few threads stay free.
package enum WorkerThreads {
    /// A signal that tells workers that their work is no longer wanted.
    package final class Cancellation: Sendable {
        private let flag = Atomic<Bool>(false)

        /// The signal to the work of the calling thread, if the thread is one of ``WorkerThreads``.
        @TaskLocal static var current: Cancellation?

        /// Whether the workers were asked to stop.
        var isCancelled: Bool { flag.load(ordering: .relaxed) }

        /// Asks all workers to stop.
        func cancel() { flag.store(true, ordering: .relaxed) }

        /// Throws an error if the workers were asked to stop.
        ///
        /// - Throws: `CancellationError`.
        func check() throws {
            if isCancelled { throw CancellationError() }
        }
    }

    /// Returns the number of threads to use: `jobs`, or one per processor if `jobs` is `nil`, but from 1 to
    /// 256.
    static func count(for jobs: Int?) -> Int {
        max(1, min(jobs ?? sysconf(Int32(_SC_NPROCESSORS_ONLN)), 256))
    }

    /// Calls `body` on `count` threads at once and waits for all of them.
    ///
    /// When one thread throws an error, or the task is cancelled, the others are asked to stop.
    ///
    /// - Parameters:
    ///   - count: The number of threads, at least 1.
    ///   - cancellation: The means to notice a stop.
    ///   - body: Called once on each thread with the means to notice a stop.
    /// - Throws: `CancellationError` if the task was cancelled, otherwise the first error of a thread, or
    ///   ``CacheStoreError`` if the system has no thread left.
    static func run(
        count: Int,
        _ cancellation: Cancellation = Cancellation(),
        _ body: @escaping @Sendable (Cancellation) throws -> Void
    ) async throws {
        let work = Work(body, threads: count)
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation {
                (continuation: CheckedContinuation<Void, any Error>) in
                var unstarted = 0
                for _ in 0..<count {
                    do throws(CacheStoreError) {
                        try start {
                            let failure = work.run(cancellation)
                            if let outcome = work.end(failure) { continuation.resume(with: outcome) }
                        }
                    } catch {
                        // The threads that were started stop, and the last of them reports the error.
                        unstarted += 1
                        cancellation.cancel()
                        work.fail(error)
                    }
                }
                for _ in 0..<unstarted {
                    if let outcome = work.end(nil) { continuation.resume(with: outcome) }
                }
            }
        } onCancel: {
            cancellation.cancel()
        }
        try Task.checkCancellation()
    }

    /// Calls `body` on a thread of its own.
    ///
    /// - Returns: The result of `body`.
    /// - Throws: The error of `body`, or `CancellationError` if the task was cancelled.
    static func perform<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value
    {
        try await performCancellable { _ in try body() }
    }

    /// Calls `body` on a thread of its own, with the means to notice that the task was cancelled.
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

    /// Calls `body` with each index below `count` on up to `threads` threads, which start the indices in
    /// ascending order.
    ///
    /// - Parameters:
    ///   - count: The number of items.
    ///   - threads: The number of threads.
    ///   - makeState: Called once per thread; it makes the value that the thread reuses for all of its items.
    ///   - body: Called once per index.
    /// - Throws: The errors of ``run(count:_:)``.
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
            while true {
                // An index that was taken is worked on: others may wait for what becomes of it.
                try cancellation.check()
                guard let index = cursor.next(below: count) else { return }
                try body(&state, index, cancellation)
            }
        }
    }

    /// A counter that several threads share.
    final class Cursor: Sendable {
        private let position = Atomic<Int>(0)

        /// Returns the next index, or `nil` if it is not below `end`.
        func next(below end: Int) -> Int? {
            let index = position.add(1, ordering: .relaxed).oldValue
            return index < end ? index : nil
        }
    }

    /// The work of several threads, and its outcome.
    ///
    /// The type is a class, because a mutex is noncopyable and several closures can't capture it.
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

        /// Does the work on this thread, and returns its error, if there is one.
        func run(_ cancellation: Cancellation) -> (any Error)? {
            guard let body = state.withLock({ $0.body }) else { return nil }
            do {
                try Cancellation.$current.withValue(cancellation) { try body(cancellation) }
                return nil
            } catch {
                cancellation.cancel()
                // A read that waits notices the stop, and can throw only an error of the library.
                let cause = (error as? CacheStoreError)?.cause
                return cause as? CancellationError ?? error
            }
        }

        /// Notes the error that kept a thread from starting.
        func fail(_ failure: any Error) {
            state.withLock { state in
                state.body = nil
                state.failure = state.failure ?? failure
            }
        }

        /// Notes that a thread has ended, and returns the outcome of all threads if this thread was the last.
        func end(_ failure: (any Error)?) -> Result<Void, any Error>? {
            state.withLock { state in
                // The error that caused the stop counts, and not the `CancellationError` of a worker that
                // noticed the stop.
                if state.failure == nil || state.failure is CancellationError {
                    state.failure = failure ?? state.failure
                }
                state.running -= 1
                guard state.running == 0 else { return nil }
                // Everything that the work held, such as temporary files, is released before anyone learns
                // that the work has ended.
                state.body = nil
                return state.failure.map { .failure($0) } ?? .success(())
            }
        }
    }

    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Starts a detached thread that runs `body`.
    ///
    /// - Throws: ``CacheStoreError`` if the system has no thread left.
    package static func start(_ body: @escaping @Sendable () -> Void) throws(CacheStoreError) {
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
        guard result == 0 else {
            unsafe argument.release()
            throw CacheStoreError(
                .io,
                "the system has no thread left for this process, or no memory for one",
                remedy: .allowThreads,
                cause: Errno(rawValue: result)
            )
        }
        pthread_detach(thread)
    }
}
