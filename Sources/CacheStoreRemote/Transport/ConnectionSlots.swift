import Synchronization

/// The connections that may be open at once, per server.
///
/// A request that waits here is not one that waits for a server: no deadline runs.
final class ConnectionSlots: Sendable {
    private struct Waiter {
        var number: Int
        var continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var used: [String: Int] = [:]
        var waiters: [String: [Waiter]] = [:]
        var lastNumber = 0
        /// The waiters that were cancelled before they began to wait.
        var cancelled: Set<Int> = []
    }

    private let limit: Int
    private let state = Mutex(State())

    /// Creates the slots.
    ///
    /// - Parameter limit: The number of connections per server.
    init(limit: Int) { self.limit = max(1, limit) }

    /// Waits for a slot, which must be given back.
    ///
    /// - Parameter origin: The server.
    /// - Throws: `CancellationError`.
    func take(_ origin: String) async throws {
        let number = state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation {
                (continuation: CheckedContinuation<Void, any Error>) in
                let outcome: Result<Void, any Error>? = state.withLock { state in
                    if state.cancelled.remove(number) != nil { return .failure(CancellationError()) }
                    if state.used[origin, default: 0] < limit {
                        state.used[origin, default: 0] += 1
                        return .success(())
                    }
                    let waiter = Waiter(number: number, continuation: continuation)
                    state.waiters[origin, default: []].append(waiter)
                    return nil
                }
                if let outcome { continuation.resume(with: outcome) }
            }
        } onCancel: {
            let waiter = state.withLock { state -> Waiter? in
                if let index = state.waiters[origin]?.firstIndex(where: { $0.number == number }) {
                    return state.waiters[origin]?.remove(at: index)
                }
                state.cancelled.insert(number)
                return nil
            }
            waiter?.continuation.resume(throwing: CancellationError())
        }
        state.withLock { _ = $0.cancelled.remove(number) }
    }

    /// Gives a slot back.
    ///
    /// - Parameter origin: The server.
    func give(_ origin: String) {
        let next = state.withLock { state -> Waiter? in
            if state.waiters[origin]?.isEmpty == false { return state.waiters[origin]?.removeFirst() }
            state.used[origin, default: 1] -= 1
            return nil
        }
        next?.continuation.resume()
    }
}
