import CacheStore
import Synchronization
import Testing

@testable import CacheStore
@testable import cachectl

@Suite("The progress in a log")
struct ProgressLogTests {
    private final class Lines: Sendable {
        private let storage = Mutex<[String]>([])
        var all: [String] { storage.withLock { $0 } }
        func add(_ line: String) { storage.withLock { $0.append(line) } }
    }

    private func progress(_ bytes: Int, phase: String = "restoring") -> OperationProgress {
        OperationProgress(phase: phase, bytes: bytes, totalBytes: 1_000_000_000, items: 0, totalItems: 0)
    }

    @Test("is one line per interval, however often it is reported, and none for short work")
    func interval() {
        let (lines, begin) = (Lines(), ContinuousClock.now)
        let log = ProgressLog(interval: .seconds(10), begin: begin) { lines.add($0) }
        for tenth in 0..<99 {
            log.note(progress(tenth * 1_000_000), at: begin + .milliseconds(100 * tenth))
        }
        #expect(lines.all.isEmpty)
        for tenth in 99..<310 {
            log.note(progress(tenth * 1_000_000), at: begin + .milliseconds(100 * tenth))
        }
        #expect(lines.all.count == 3)
        #expect(lines.all.first == "restoring  10%  100.0 MB of 1.00 GB  10.0 MB/s  1 min 30 s left\n")
    }

    @Test("measures the rate of each phase by itself")
    func phases() {
        let (lines, begin) = (Lines(), ContinuousClock.now)
        let log = ProgressLog(interval: .seconds(10), begin: begin) { lines.add($0) }
        log.note(progress(900_000_000, phase: "reading"), at: begin + .seconds(1))
        log.note(progress(0), at: begin + .seconds(6))
        log.note(progress(400_000_000), at: begin + .seconds(10))
        #expect(lines.all == ["restoring  40%  400.0 MB of 1.00 GB  100.0 MB/s  6 s left\n"])
    }
}
