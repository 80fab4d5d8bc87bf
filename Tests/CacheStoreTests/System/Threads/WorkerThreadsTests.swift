import Synchronization
import Testing

@testable import CacheStore

@Suite("Worker threads", .timeLimit(.minutes(10)))
struct WorkerThreadsTests {
    private struct Failure: Error, Equatable { var index: Int }

    @Test("do each item once, whatever their number", arguments: [1, 2, 7, 64], [0, 1, 5, 300])
    func eachOnce(threads: Int, count: Int) async throws {
        let done = Gathered<[Int]>([])
        try await WorkerThreads.forEach(below: count, threads: threads, state: { 0 }) { state, index, _ in
            state += 1
            done.update { $0.append(index) }
        }
        #expect(done.value.sorted() == Array(0..<count))
    }

    @Test("make one state per thread, and no more threads than items")
    func states() async throws {
        let made = Atomic<Int>(0)
        try await WorkerThreads.forEach(below: 3, threads: 50, state: { made.add(1, ordering: .relaxed) }) {
            _,
            _,
            _ in
        }
        #expect(made.load(ordering: .relaxed) == 3)
    }

    @Test("work on every item that they have taken, so that nobody waits for one that was dropped")
    func noneDropped() async throws {
        for round in 0..<100 {
            let begun = Gathered<[Int]>([])
            await #expect(throws: Failure.self) {
                try await WorkerThreads.forEach(below: 10_000, threads: 4, state: { 0 }) { _, index, _ in
                    begun.update { $0.append(index) }
                    if index == round { throw Failure(index: index) }
                }
            }
            #expect(begun.value.sorted() == Array(0..<begun.value.count))
        }
    }

    @Test("stop at the first error, and throw it rather than an error that it causes", arguments: 1...5)
    func firstError(round: Int) async throws {
        let done = Gathered<Int>(0)
        let error = await #expect(throws: Failure.self) {
            try await WorkerThreads.forEach(below: 100_000, threads: 4, state: { 0 }) {
                _,
                index,
                cancellation in
                if index == 20 { throw Failure(index: index) }
                try cancellation.check()
                done.update { $0 += 1 }
            }
        }
        #expect(error == Failure(index: 20))
        #expect(done.value < 100_000)
    }

    @Test("throw the error of making a state")
    func stateError() async throws {
        await #expect(throws: Failure(index: -1)) {
            try await WorkerThreads.forEach(
                below: 3,
                threads: 2,
                state: { () throws -> Int in throw Failure(index: -1) }
            ) {
                _,
                _,
                _ in
            }
        }
    }

    /// An object that reports its own release.
    private final class Held: Sendable {
        let isGone: Gathered<Bool>
        init(_ isGone: Gathered<Bool>) { self.isGone = isGone }
        deinit { isGone.update { $0 = true } }
    }

    @Test("have released everything that their work held when their end is known")
    func release() async throws {
        @Sendable func work(_ isGone: Gathered<Bool>) async throws {
            let held = Held(isGone)
            try await WorkerThreads.forEach(below: 4, threads: 4, state: { 0 }) { _, index, _ in
                if held.isGone.value || index == 2 { throw Failure(index: index) }
            }
        }
        // Many runs at once, so that threads are interrupted anywhere.
        let early = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<64 {
                group.addTask {
                    var early = 0
                    for _ in 0..<100 {
                        let isGone = Gathered(false)
                        await #expect(throws: Failure.self) { try await work(isGone) }
                        if !isGone.value { early += 1 }
                    }
                    return early
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(early == 0)
    }

    @Test("stop when their task is cancelled")
    func cancellation() async throws {
        let started = Gathered<Int>(0)
        let task = Task {
            try await WorkerThreads.forEach(below: Int.max, threads: 3, state: { 0 }) { _, _, _ in
                started.update { $0 += 1 }
            }
        }
        while started.value < 10 { await Task.yield() }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test("do nothing in a task that is cancelled already")
    func cancelledBefore() async {
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            try await WorkerThreads.forEach(below: 0, threads: 3, state: { 0 }) { _, _, _ in }
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test("are one per processor unless told otherwise, and always at least one")
    func number() {
        #expect(WorkerThreads.count(for: nil) >= 1)
        #expect(WorkerThreads.count(for: 7) == 7)
        #expect(WorkerThreads.count(for: 0) == 1)
        #expect(WorkerThreads.count(for: -5) == 1)
        #expect(WorkerThreads.count(for: 1_000_000) <= 1_000)
    }
}

@Suite("A sequence of frames", .timeLimit(.minutes(10)))
struct FrameSequenceTests {
    private struct Full: Error {}

    /// Returns a frame whose bytes and length depend on its number, or `nil` for every seventh frame.
    private static func frame(_ index: Int) -> FrameSequence.Frame? {
        guard index % 7 != 3 else { return nil }
        return FrameSequence.Frame(
            bytes: [UInt8](repeating: UInt8(truncatingIfNeeded: index), count: 1 + index % 5),
            checksum: UInt64(index)
        )
    }

    @Test(
        "has its frames in the order of their numbers, however many threads bring them",
        arguments: [1, 2, 8, 32]
    )
    func order(threads: Int) async throws {
        let count = 2_000
        let sequence = FrameSequence(workers: threads)
        let written = Gathered<[UInt8]>([])
        try await WorkerThreads.forEach(below: count, threads: threads, state: { SeededBytes(seed: 1) }) {
            source,
            index,
            _ in
            // Some frames are late.
            if source.isOnce(in: 50) { for _ in 0..<2_000 { _ = source.next() } }
            try sequence.bring(index, Self.frame(index)) { bytes, offset in
                let piece = (0..<bytes.count).map { bytes[$0] }
                let isNext = written.value.count == offset
                #expect(isNext, "frame \(index)")
                written.update { $0 += piece }
            }
        }
        let frames = (0..<count).map(Self.frame)
        #expect(written.value == frames.flatMap { $0?.bytes ?? [] })
        var offset = 0
        for (index, place) in sequence.places.enumerated() {
            guard let frame = frames[index] else {
                #expect(place == nil, "frame \(index)")
                continue
            }
            #expect(
                place?.offset == offset && place?.count == frame.bytes.count
                    && place?.checksum == frame.checksum
            )
            offset += frame.bytes.count
        }
        #expect(sequence.places.count == count)
    }

    @Test("releases all threads when writing fails, and throws that error")
    func failure() async throws {
        let sequence = FrameSequence(workers: 2)
        await #expect(throws: Full.self) {
            try await WorkerThreads.forEach(below: 10_000, threads: 8, state: { 0 }) {
                _,
                index,
                cancellation in
                try cancellation.check()
                try sequence.bring(index, Self.frame(index)) { _, offset in if offset > 100 { throw Full() } }
            }
        }
    }

    @Test("releases the threads that are far ahead of one that stops")
    func stopped() async throws {
        let sequence = FrameSequence(workers: 1)
        let arrivals = Gathered<Int>(0)
        await #expect(throws: Full.self) {
            try await WorkerThreads.run(count: 3) { _ in
                var arrival = 0
                arrivals.update { number in
                    number += 1
                    arrival = number
                }
                if arrival == 3 {
                    // Frame 0 never comes; the other threads wait for it until the stop.
                    sequence.stop()
                    throw Full()
                }
                try sequence.bring(1_000, nil) { _, _ in }
            }
        }
    }
}
