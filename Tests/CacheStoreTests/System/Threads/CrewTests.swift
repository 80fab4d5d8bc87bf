import Synchronization
import Testing

@testable import CacheStore

@Suite("A crew", .timeLimit(.minutes(10)))
struct CrewTests {
    private struct Failure: Error {}

    @Test("does each item once, whatever the threads", arguments: [1, 2, 7, 64], [0, 1, 5, 300])
    func eachOnce(threads: Int, count: Int) async throws {
        let done = Gathered<[Int]>([])
        try await Crew<Int>.forEach(below: count, threads: threads, state: { 0 }) { _, index, _ in
            done.update { $0.append(index) }
        }
        #expect(done.value.sorted() == Array(0..<count))
    }

    @Test("shares a long item among all threads that have nothing left to do", arguments: [2, 3, 8])
    func help(threads: Int) async throws {
        // The steps of the item end only when every thread is in one.
        let present = Monitor(0)
        let counters = Counters()
        try await Crew<Int>.forEach(below: 1, threads: threads, state: { 0 }) { state, _, crew in
            crew.share(with: &state) { _ in
                guard counters.next() < threads else { return false }
                present.withLock { $0 += 1 }
                present.broadcast()
                return present.wait(atMost: 60_000) { $0 == threads }
            }
        }
        #expect(present.withLock { $0 } == threads)
    }

    private final class Counters: Sendable {
        private let count = Atomic<Int>(0)

        func next() -> Int { count.add(1, ordering: .relaxed).oldValue }
    }

    @Test("does all steps of many long items, each of which ends before the call does")
    func manyItems() async throws {
        let done = Gathered([Int](repeating: 0, count: 40))
        try await Crew<Int>.forEach(below: 40, threads: 6, state: { 0 }) { state, index, crew in
            let counters = Counters()
            crew.share(with: &state) { _ in
                guard counters.next() < 25 else { return false }
                done.update { $0[index] += 1 }
                return true
            }
            let steps = done.value[index]
            #expect(steps == 25)
        }
    }

    @Test("ends with the error of a thread while others wait for work to share", arguments: [2, 4])
    func failure(threads: Int) async throws {
        let idle = Monitor(0)
        await #expect(throws: Failure.self) {
            try await Crew<Int>.run(count: threads, state: { 0 }) { _, _ in
                let isLast = idle.withLock { count in
                    count += 1
                    return count == threads
                }
                if isLast { throw Failure() }
            }
        }
    }

    @Test("ends with the error of making a state")
    func stateFailure() async throws {
        await #expect(throws: Failure.self) {
            try await Crew<Int>.forEach(below: 3, threads: 2, state: { throw Failure() }) { _, _, _ in }
        }
    }
}
