import Synchronization
import Testing

@testable import CacheStore

@Suite("The queue of a cache program", .timeLimit(.minutes(2)))
struct ProgramQueueTests {
    private struct Failure: Error {}

    /// Runs `body` on a thread of its own, because it may wait for other threads.
    private func onThread(_ body: @escaping @Sendable () throws -> Void) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            do throws(CacheStoreError) {
                try WorkerThreads.start { continuation.resume(with: Result { try body() }) }
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }

    @Test("does each job once, on no more threads than the limit", arguments: [1, 2, 7])
    func jobs(limit: Int) async throws {
        let workers = Gathered<Set<UInt>>([])
        let done = Gathered<[Int]>([])
        try await onThread {
            let queue = ProgramQueue(limit: limit)
            for job in 0..<3_000 {
                try queue.add { worker in
                    workers.update { _ = $0.insert(UInt(bitPattern: ObjectIdentifier(worker))) }
                    done.update { $0.append(job) }
                }
            }
            queue.finish()
            try queue.throwFailure()
        }
        #expect(done.value.sorted() == Array(0..<3_000))
        #expect((1...limit).contains(workers.value.count))
        if limit == 1 { #expect(done.value == Array(0..<3_000)) }
    }

    @Test("holds back whoever adds more jobs than it takes, and goes on when there is room")
    func capacity() async throws {
        let gate = Monitor(false)
        let (added, done) = (Gathered(0), Gathered(0))
        async let adding: Void = onThread {
            let queue = ProgramQueue(limit: 1)
            for _ in 0..<20_000 {
                try queue.add { _ in
                    gate.wait(until: { $0 }) { _ in }
                    done.update { $0 += 1 }
                }
                added.update { $0 += 1 }
            }
            queue.finish()
        }
        var last = -1
        for _ in 0..<200 where last != added.value || last < 1_000 {
            last = added.value
            try await Task.sleep(for: .milliseconds(100))
        }
        #expect((1_000..<20_000).contains(last), "the queue takes \(last) jobs")
        gate.withLock { $0 = true }
        gate.broadcast()
        try await adding
        #expect(done.value == 20_000)
    }

    @Test("tells the first failure of a job, and does the others")
    func failure() async throws {
        let done = Gathered(0)
        await #expect(throws: Failure.self) {
            try await onThread {
                let queue = ProgramQueue(limit: 2)
                for job in 0..<100 {
                    // The failure may be thrown here, too.
                    try? queue.add { _ in
                        done.update { $0 += 1 }
                        if job == 30 { throw Failure() }
                    }
                }
                queue.finish()
                try queue.throwFailure()
            }
        }
        #expect(done.value == 100)
    }

    @Test("without jobs ends at once")
    func empty() async throws {
        try await onThread { ProgramQueue(limit: 3).finish() }
    }
}
