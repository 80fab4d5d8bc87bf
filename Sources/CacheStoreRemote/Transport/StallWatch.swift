import Synchronization

/// A watch over one transfer, which ends it when the server has done nothing for a while.
final class StallWatch: Sendable {
    private struct State {
        var last = ContinuousClock.now
        var isPaused = false
    }

    private let limit: Duration
    private let state = Mutex(State())

    /// Creates a watch.
    ///
    /// - Parameter limit: The time in which something must happen.
    init(limit: Duration) { self.limit = limit }

    /// Notes that something has happened.
    func touch() { state.withLock { $0.last = .now } }

    /// Calls `body`, which does not wait for the server: its time does not count.
    func pausing<Result>(_ body: () throws -> Result) rethrows -> Result {
        state.withLock { $0.isPaused = true }
        defer { state.withLock { $0 = State() } }
        return try body()
    }

    /// Calls `body`, which does not wait for the server: its time does not count.
    func pausing<Result>(_ body: () async throws -> Result) async rethrows -> Result {
        state.withLock { $0.isPaused = true }
        defer { state.withLock { $0 = State() } }
        return try await body()
    }

    /// Calls `body` and cancels it when the server stalls.
    ///
    /// - Returns: The result of `body`.
    /// - Throws: The error of `body`, or ``WebFailure`` if the server stalled.
    func run<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) async throws -> Result {
        touch()
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await self.waitForStall()
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let result = first else {
                throw WebFailure.stalled(limit)
            }
            return result
        }
    }

    /// Returns when nothing has happened for too long.
    private func waitForStall() async throws {
        while true {
            let rest = state.withLock { $0.isPaused ? limit : limit - (.now - $0.last) }
            if rest <= .zero { return }
            try await Task.sleep(for: rest)
        }
    }
}
