import Synchronization
import SystemPackage

/// The counters that the workers of one operation add to.
package final class ProgressCounters: Sendable {
    private struct Phase {
        var name = "starting"
        var totalBytes = 0
        var totalItems = 0
        var awaitedLock: FilePath?
    }

    private let phase = Mutex(Phase())
    private let bytes = Atomic<Int>(0)
    private let items = Atomic<Int>(0)

    /// Starts a phase and sets the counters to zero.
    package func begin(_ name: String, bytes total: Int, items totalItems: Int) {
        phase.withLock { phase in
            (phase.name, phase.totalBytes, phase.totalItems) = (name, total, totalItems)
        }
        bytes.store(0, ordering: .relaxed)
        items.store(0, ordering: .relaxed)
    }

    /// Adds work that has been done to the counters.
    package func add(bytes count: Int, items itemCount: Int = 1) {
        bytes.add(count, ordering: .relaxed)
        items.add(itemCount, ordering: .relaxed)
    }

    /// The current values of the counters.
    var snapshot: OperationProgress {
        let now = phase.withLock { $0 }
        return OperationProgress(
            phase: now.name,
            bytes: bytes.load(ordering: .relaxed),
            totalBytes: now.totalBytes,
            items: items.load(ordering: .relaxed),
            totalItems: now.totalItems,
            awaitedLock: now.awaitedLock
        )
    }

    /// Reports that the operation waits for the lock of a directory or file, or with `nil` that it goes on.
    func report(awaitedLock path: FilePath?) { phase.withLock { $0.awaitedLock = path } }

    /// Calls `body` and reports to `handler` ten times per second until `body` ends.
    ///
    /// A thread of its own reports. Swift's timers would need a thread too, and would wait for it without
    /// end.
    package static func reporting<Result>(
        to handler: ProgressHandler?,
        _ body: (ProgressCounters) async throws -> Result
    ) async throws -> Result {
        let counters = ProgressCounters()
        guard let handler else { return try await body(counters) }
        let reporting = Monitor(true)
        try WorkerThreads.start {
            while !reporting.wait(atMost: 100, until: { !$0 }) {
                // The lock is held, so that nothing is reported after the result.
                reporting.withLock { if $0 { handler(counters.snapshot) } }
            }
        }
        defer {
            reporting.withLock { $0 = false }
            reporting.broadcast()
        }
        return try await body(counters)
    }
}
