/// A budget of memory, which the workers that make parts of layers share.
///
/// The budget hands the parts out in order, each when there is memory for it. Workers without a part hold no
/// memory while they wait. Where no worker has a part, the next one is handed out, whatever it needs.
/// Therefore a part that others wait for is always being made.
final class LayerMemory: Sendable {
    /// The memory that a part needs, in bytes.
    struct Need: Sendable, Equatable {
        /// The memory for a chunk and its frame.
        var chunk = 0

        /// The memory for a block of the tar stream, the block's compressed form, and the compressor.
        var block = 0

        var bytes: Int { chunk + block }

        /// Returns what is enough for both needs, one after the other.
        func union(_ other: Self) -> Self {
            Self(chunk: max(chunk, other.chunk), block: max(block, other.block))
        }
    }

    private struct State {
        var free: Int
        var next = 0
        var working = 0
        var waiting = 0
        var isStopped = false
    }

    private let needs: [Need]
    private let state: Monitor<State>

    /// Creates a budget.
    ///
    /// - Parameters:
    ///   - bytes: The memory, in bytes. A part that needs more is made while no other one is.
    ///   - needs: The memory that each part needs, in the order of the parts.
    init(_ bytes: Int, for needs: [Need]) {
        self.needs = needs
        state = Monitor(State(free: bytes))
    }

    /// Releases all workers that wait.
    func stop() {
        state.withLock { $0.isStopped = true }
        state.broadcast()
    }

    /// Hands the next part out, if there is memory for it.
    ///
    /// - Parameters:
    ///   - held: The memory that the worker has.
    ///   - isWorking: Whether the worker has had a part.
    /// - Returns: The number of the part, or `nil` if there is not enough memory.
    private func take(beside held: Need, _ isWorking: Bool) -> Int? {
        let (part, isAwaited) = state.withLock { state -> (Int?, Bool) in
            let growth = held.union(needs[state.next]).bytes - held.bytes
            guard growth <= state.free else { return (nil, false) }
            if !isWorking { state.working += 1 }
            return (take(growth, &state), hasWork(state))
        }
        if isAwaited { state.broadcast() }
        return part
    }

    /// Releases memory, waits until there is enough for the next part, and hands the part out.
    ///
    /// - Parameters:
    ///   - held: The memory that the worker had.
    ///   - isWorking: Whether the worker has had a part.
    /// - Returns: The number of the part.
    /// - Throws: `CancellationError` after ``stop()``.
    private func wait(releasing held: Need, _ isWorking: Bool) throws(CancellationError) -> Int {
        release(held, isWorking)
        state.withLock { $0.waiting += 1 }
        let (part, isAwaited) = state.wait {
            $0.isStopped || $0.working == 0 || needs[$0.next].bytes <= $0.free
        } then: { state -> (Int?, Bool) in
            state.waiting -= 1
            if state.isStopped { return (nil, false) }
            state.working += 1
            return (take(needs[state.next].bytes, &state), hasWork(state))
        }
        if isAwaited { state.broadcast() }
        guard let part else { throw CancellationError() }
        return part
    }

    private func release(_ held: Need, _ isWorking: Bool) {
        let isAwaited = state.withLock { state in
            state.free += held.bytes
            if isWorking { state.working -= 1 }
            return state.working == 0 && state.waiting > 0 || hasWork(state)
        }
        if isAwaited { state.broadcast() }
    }

    private func take(_ bytes: Int, _ state: inout State) -> Int {
        state.free -= bytes
        state.next += 1
        return state.next - 1
    }

    /// Returns whether a worker that waits may have a part.
    private func hasWork(_ state: State) -> Bool {
        state.waiting > 0 && state.next < needs.count && needs[state.next].bytes <= state.free
    }
}

extension LayerMemory {
    /// The memory that one worker has reserved, which ends with the worker.
    ///
    /// A worker keeps its buffers from part to part while the next part finds enough memory.
    final class Share {
        private let memory: LayerMemory
        private(set) var held = Need()
        private var isWorking = false

        init(of memory: LayerMemory) { self.memory = memory }

        deinit { memory.release(held, isWorking) }

        /// Ends the part, and returns the number of the next one once there is memory for it.
        ///
        /// Each worker asks at most as often as there are parts for all of them together.
        ///
        /// - Parameter discard: Gives all buffers back. The call comes before the worker waits.
        /// - Returns: The number of the part.
        /// - Throws: `CancellationError` after ``LayerMemory/stop()``.
        func next(discard: () -> Void) throws(CancellationError) -> Int {
            let part: Int
            if let found = memory.take(beside: held, isWorking) {
                part = found
            } else {
                discard()
                let (last, hadPart) = (held, isWorking)
                (held, isWorking) = (Need(), false)
                part = try memory.wait(releasing: last, hadPart)
            }
            held = held.union(memory.needs[part])
            isWorking = true
            return part
        }
    }
}
