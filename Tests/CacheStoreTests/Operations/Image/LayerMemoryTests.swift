import Testing

@testable import CacheStore

@Suite("The memory of layers that are being made", .timeLimit(.minutes(5)))
struct LayerMemoryTests {
    /// The state of threads that make parts.
    private struct State {
        var held: [Int: Int] = [:]
        var highest = 0
        var begun: [Int] = []
        var ended: Set<Int> = []
        var discards = 0
    }

    /// A thread that makes parts, which notes that it has no memory before it gives its memory back.
    private final class Worker {
        let number: Int
        let share: LayerMemory.Share
        private let state: Monitor<State>

        init(_ number: Int, _ memory: LayerMemory, _ state: Monitor<State>) {
            (self.number, self.state) = (number, state)
            share = LayerMemory.Share(of: memory)
        }

        deinit { state.withLock { $0.held[number] = 0 } }
    }

    private static let needs = (0..<400).map { part in
        LayerMemory.Need(chunk: part * 7919 % 23, block: part * 104_729 % 11)
    }

    @Test(
        "stays below the budget, or is that of one part, and all parts end, also where some wait for others",
        arguments: [1, 2, 7, 32],
        [0, 10, 40, 2000]
    )
    func budget(threads: Int, bytes: Int) async throws {
        let needs = Self.needs
        let memory = LayerMemory(bytes, for: needs)
        let state = Monitor(State())
        let workers = Gathered(0)
        try await WorkerThreads.forEach(below: needs.count, threads: threads) {
            var number = 0
            workers.update {
                $0 += 1
                number = $0
            }
            return Worker(number, memory, state)
        } _: { worker, _, _ in
            let (number, share) = (worker.number, worker.share)
            let part = try share.next {
                state.withLock { state in
                    state.held[number] = 0
                    state.discards += 1
                }
            }
            #expect(share.held.chunk >= needs[part].chunk && share.held.block >= needs[part].block)
            state.withLock { state in
                state.begun.append(part)
                state.held[number] = share.held.bytes
                state.highest = max(state.highest, state.held.values.reduce(0, +))
            }
            // Every fifth part is like one whose blocks find no room before those of earlier parts.
            func isFree(_ state: State) -> Bool {
                !part.isMultiple(of: 5) || (0..<part).allSatisfy(state.ended.contains)
            }
            state.wait(until: isFree) { _ = $0.ended.insert(part) }
            state.broadcast()
        }
        let found = state.withLock { $0 }
        #expect(found.begun.sorted() == Array(needs.indices))
        #expect(found.highest <= max(bytes, needs.map(\.bytes).max() ?? 0), "\(threads) threads")
        if bytes == 2000 { #expect(found.discards == 0, "memory was given back although there was enough") }
        if bytes == 10, threads > 1 { #expect(found.discards > 0) }
    }

    @Test("is kept from part to part, and handed to others when its worker ends")
    func keeping() throws {
        typealias Need = LayerMemory.Need
        let needs = [Need(chunk: 6, block: 1), Need(chunk: 2, block: 3), Need(chunk: 1), Need(block: 9)]
        let memory = LayerMemory(10, for: needs)
        var first: LayerMemory.Share? = LayerMemory.Share(of: memory)
        let second = LayerMemory.Share(of: memory)
        #expect(try first?.next { Issue.record("there is enough") } == 0)
        #expect(try first?.next { Issue.record("there is enough") } == 1)
        #expect(first?.held == Need(chunk: 6, block: 3))
        #expect(try second.next { Issue.record("there is enough") } == 2)
        first = nil
        #expect(try second.next { Issue.record("there is enough") } == 3)
        #expect(second.held == Need(chunk: 1, block: 9))
    }

    @Test("is waited for no longer once the work has stopped")
    func stopping() async throws {
        let needs = [LayerMemory.Need(chunk: 1), LayerMemory.Need(chunk: 1)]
        let memory = LayerMemory(1, for: needs)
        let first = LayerMemory.Share(of: memory)
        #expect(try first.next {} == 0)
        let waiting = Task {
            try await WorkerThreads.perform { _ = try LayerMemory.Share(of: memory).next {} }
        }
        try await Task.sleep(for: .milliseconds(20))
        memory.stop()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        withExtendedLifetime(first) {}
    }
}
