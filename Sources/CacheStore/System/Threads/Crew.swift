/// The threads of an operation, which share long pieces of its work.
///
/// A thread that comes upon a long piece shares it, and the threads that have nothing left to do help.
/// Without that, one thread would be left with a long piece while the others wait.
///
/// `State` is what each thread uses for all of its work.
final class Crew<State: ~Copyable>: Sendable {
    /// A step of a piece, which returns whether more steps may be left; an error is kept for the owner.
    typealias Step = @Sendable (inout State) -> Bool

    private struct Piece {
        var step: Step
        var helpers = 0
    }

    private struct Pieces {
        /// The number of threads that may still share a piece.
        var active = 0
        var begun = 0
        /// The pieces that threads may help with.
        var open: [Int: Piece] = [:]
        /// The numbers of helpers with pieces that have no step left to begin.
        var leaving: [Int: Int] = [:]
    }

    private let pieces = Monitor(Pieces())

    /// The means to notice that the threads must stop.
    let cancellation: WorkerThreads.Cancellation

    /// The counters to which the bytes of a shared piece are added as they are done; `nil` for none.
    let counters: ProgressCounters?

    /// Creates a crew; the thread that creates it is alone in it.
    init(
        _ cancellation: WorkerThreads.Cancellation = WorkerThreads.Cancellation(),
        _ counters: ProgressCounters? = nil
    ) {
        (self.cancellation, self.counters) = (cancellation, counters)
    }

    /// Calls `body` on `count` threads at once and waits for all of them.
    ///
    /// A thread whose call has returned helps the others.
    ///
    /// - Parameters:
    ///   - count: The number of threads, at least 1.
    ///   - counters: The counters to which the bytes of shared pieces are added.
    ///   - makeState: Called once per thread; it makes the thread's state.
    ///   - body: Called once on each thread with the crew.
    /// - Throws: The errors of ``WorkerThreads/run(count:_:)``.
    static func run(
        count: Int,
        _ counters: ProgressCounters? = nil,
        state makeState: @escaping @Sendable () throws -> State,
        _ body: @escaping @Sendable (inout State, Crew) throws -> Void
    ) async throws {
        let crew = Crew(WorkerThreads.Cancellation(), counters)
        try await WorkerThreads.run(count: count, crew.cancellation) { _ in
            var state = try makeState()
            try crew.work(with: &state) { try body(&$0, crew) }
        }
    }

    /// Calls `body` with each index below `count` on up to `threads` threads, which start the indices in
    /// ascending order.
    ///
    /// A thread for which no index is left helps the others.
    ///
    /// - Parameters:
    ///   - count: The number of items.
    ///   - threads: The number of threads.
    ///   - counters: The counters to which the bytes of shared pieces are added.
    ///   - makeState: Called once per thread; it makes the thread's state.
    ///   - body: Called once per index with the crew.
    /// - Throws: The errors of ``WorkerThreads/run(count:_:)``.
    static func forEach(
        below count: Int,
        threads: Int,
        _ counters: ProgressCounters? = nil,
        state makeState: @escaping @Sendable () throws -> State,
        _ body: @escaping @Sendable (inout State, Int, Crew) throws -> Void
    ) async throws {
        guard count > 0 else { return try Task.checkCancellation() }
        let cursor = WorkerThreads.Cursor()
        try await run(count: threads, counters, state: makeState) { state, crew in
            while let index = cursor.next(below: count) {
                try crew.cancellation.check()
                try body(&state, index, crew)
            }
        }
    }

    /// Calls `body` on this thread, while others, started for it, help.
    ///
    /// Fewer threads help, or none, where the system has none left.
    ///
    /// - Parameters:
    ///   - state: The thread's state.
    ///   - helpers: The number of threads to start.
    ///   - makeState: Called once per started thread; it makes the thread's state. A thread that gets none
    ///     does not help.
    ///   - body: Called once; it shares its work.
    /// - Throws: The error of `body`.
    func work(
        with state: inout State,
        helpers: Int,
        state makeState: @escaping @Sendable () throws -> State,
        _ body: (inout State) throws -> Void
    ) throws {
        try work(with: &state) { state in
            for _ in 0..<helpers {
                let isStarted: Void? = try? WorkerThreads.start { [self] in
                    guard var state = try? makeState() else { return }
                    try? work(with: &state) { _ in }
                }
                if isStarted == nil { break }
            }
            try body(&state)
        }
    }

    /// Calls `body`, and then helps the other threads until none of them has work.
    ///
    /// - Throws: The error of `body`, after which the thread does not help.
    private func work(with state: inout State, _ body: (inout State) throws -> Void) throws {
        pieces.withLock { $0.active += 1 }
        do {
            try body(&state)
        } catch {
            end()
            throw error
        }
        end()
        while let (number, step) = next() {
            while step(&state) {}
            close(number)
            leave(number)
        }
    }

    /// Does the steps of a piece, of which other threads may do some at the same time.
    ///
    /// - Parameters:
    ///   - state: The thread's state.
    ///   - step: Called again and again, by several threads, until it returns `false`.
    func share(with state: inout State, _ step: @escaping Step) {
        let number = pieces.withLock { pieces in
            pieces.begun += 1
            pieces.open[pieces.begun] = Piece(step: step)
            return pieces.begun
        }
        pieces.broadcast()
        while step(&state) {}
        close(number)
        pieces.wait(until: { $0.leaving[number] == nil }, then: { _ in })
    }

    private func end() {
        pieces.withLock { $0.active -= 1 }
        pieces.broadcast()
    }

    /// Returns a piece to help with, or `nil` when no more will come.
    private func next() -> (number: Int, step: Step)? {
        pieces.wait(until: { !$0.open.isEmpty || $0.active == 0 }) { pieces in
            // The piece with the fewest helpers needs one most.
            let needy = pieces.open.min { ($0.value.helpers, $0.key) < ($1.value.helpers, $1.key) }
            guard let needy else { return nil }
            pieces.open[needy.key]?.helpers += 1
            return (needy.key, needy.value.step)
        }
    }

    /// Takes no more helpers for a piece.
    private func close(_ number: Int) {
        pieces.withLock { pieces in
            guard let piece = pieces.open.removeValue(forKey: number), piece.helpers > 0 else { return }
            pieces.leaving[number] = piece.helpers
        }
    }

    /// Notes that a helper has left a piece that is closed.
    private func leave(_ number: Int) {
        pieces.withLock { pieces in
            let left = (pieces.leaving[number] ?? 1) - 1
            pieces.leaving[number] = left > 0 ? left : nil
        }
        pieces.broadcast()
    }
}
