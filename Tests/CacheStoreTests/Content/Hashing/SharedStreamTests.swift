import Synchronization
import Testing

@testable import CacheStore

@Suite("A shared stream", .timeLimit(.minutes(10)))
struct SharedStreamTests {
    private struct Failure: Error, Equatable { var piece: Int }

    private struct Worker: ~Copyable {
        var content: [UInt8] = []
    }

    /// Reads pieces as a shared stream, with a crew whose other threads have no work of their own.
    private func hash(
        _ pieces: [[UInt8]],
        threads: Int,
        failing: Set<Int> = [],
        done: Gathered<[Int]> = Gathered([])
    ) async throws -> ObjectID {
        let result = Gathered<ObjectID?>(nil)
        try await Crew<Worker>.forEach(below: 1, threads: threads, state: { Worker() }) { worker, _, crew in
            let order = Order()
            let stream = SharedStream<Worker> { worker, number in
                // Two begins at a time would be seen here.
                #expect(order.enter() == 1)
                defer { order.leave() }
                guard number < pieces.count else { return false }
                worker.content = pieces[number]
                return true
            } work: { _, number in
                if failing.contains(number) { throw Failure(piece: number) }
                done.update { $0.append(number) }
            } end: { worker, hasher in
                hasher.update(worker.content.span)
            }
            crew.share(with: &worker) { stream.step(&$0) }
            let id = try stream.finish()
            result.update { $0 = id }
        }
        return try #require(result.value)
    }

    /// A counter of the threads in a section.
    private final class Order: Sendable {
        private let count = Atomic<Int>(0)

        func enter() -> Int { count.add(1, ordering: .sequentiallyConsistent).newValue }

        func leave() { count.subtract(1, ordering: .sequentiallyConsistent) }
    }

    @Test("has the SHA-256 of its pieces in order, whatever the threads", arguments: [1, 2, 3, 8])
    func hash(threads: Int) async throws {
        var source = SeededBytes(seed: 190)
        for count in [0, 1, 2, 7, 100] {
            let pieces = (0..<count).map { _ in source.bytes(Int.random(in: 0..<5_000, using: &source)) }
            let done = Gathered<[Int]>([])
            let found = try await hash(pieces, threads: threads, done: done)
            #expect(found == ContentHasher.hash(Array(pieces.joined()).span))
            #expect(done.value.sorted() == Array(0..<count))
        }
    }

    @Test("ends with the error of a piece, and begins no more pieces", arguments: [1, 2, 8])
    func failure(threads: Int) async throws {
        let pieces = (0..<1_000).map { [UInt8](repeating: UInt8($0 % 256), count: 10) }
        for failing: Set<Int> in [[0], [1], [17], [17, 18, 19], [999]] {
            let done = Gathered<[Int]>([])
            let error = await #expect(throws: Failure.self) {
                try await hash(pieces, threads: threads, failing: failing, done: done)
            }
            #expect(failing.contains(error?.piece ?? -1))
            #expect(done.value.count < (failing.min() ?? 0) + threads)
        }
    }
}
