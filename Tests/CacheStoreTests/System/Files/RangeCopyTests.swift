import Synchronization
import SystemPackage
import Testing

@testable import CacheStore

/// Tests of reading a remote file piece by piece.
@Suite("A copy of a remote file")
struct RangeCopyTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    private func bytes(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
        var random = SeededBytes(seed: seed)
        return random.bytes(count)
    }

    private func file(_ stub: StubRemoteFile) throws -> File {
        try File(RangeCopy(of: stub, in: bench.root, patience: .zero))
    }

    @Test("gives the bytes of the file, whoever reads them at once, and reads none of them twice")
    func threads() async throws {
        let content = bytes(3_000_000)
        let stub = StubRemoteFile(content)
        let file = SharedFileOfTest(try file(stub))
        file.file.remote?.prepare([100_000..<2_500_000])
        try await WorkerThreads.forEach(below: 300, threads: 6, state: { () }) { _, index, _ in
            let (start, count) = (index * 9_973 % 2_990_000, 1 + index * 37)
            let found = try file.file.bytes(at: start, count: count)
            #expect(found == Array(content[start..<min(start + count, content.count)]))
        }
        let requests = stub.requests.withLock { $0 }.sorted { $0.lowerBound < $1.lowerBound }
        #expect(zip(requests, requests.dropFirst()).allSatisfy { $0.upperBound <= $1.lowerBound })
    }

    @Test("reads no byte that nobody asks for")
    func little() throws {
        let stub = StubRemoteFile(bytes(1_000_000))
        let file = try file(stub)
        _ = try file.bytes(at: 5_000, count: 10)
        _ = try file.bytes(at: 5_005, count: 10)
        #expect(stub.requests.withLock { $0 } == [5_000..<5_010, 5_010..<5_015])
        #expect(try file.bytes(at: 999_990, count: 100).count == 10)
        #expect(try file.bytes(at: 1_000_000, count: 100).isEmpty)
        #expect(try file.bytes(at: 2_000_000, count: 10).isEmpty)
        #expect(try file.status().size == 1_000_000)
        #expect(file.remote?.figures.bytes == 25)
    }

    @Test("tells what can't be read, and reads it when that is asked for again")
    func errors() throws {
        let content = bytes(100_000)
        for fault in [StubRemoteFile.Fault.error(from: 50_000), .short, .long] {
            let stub = StubRemoteFile(content, fault)
            let file = try file(stub)
            let error = #expect(throws: CacheStoreError.self) { try file.bytes(at: 60_000, count: 1000) }
            #expect(error?.code == .network && error?.isOfMachine == true, "\(fault)")
            stub.mend()
            #expect(try file.bytes(at: 60_000, count: 1000) == Array(content[60_000..<61_000]), "\(fault)")
        }
    }

    @Test("fails for all who wait, whatever part of a request each waits for", arguments: [0, 10])
    func failures(seconds: Int) async throws {
        let stub = StubRemoteFile(bytes(4_000_000), .error(from: 0))
        let copy = try RangeCopy(of: stub, in: bench.root, patience: .seconds(seconds))
        let file = SharedFileOfTest(try File(copy))
        copy.prepare([0..<4_000_000])
        let failures = Gathered(0)
        try await WorkerThreads.forEach(below: 400, threads: 8, state: { () }) { _, index, _ in
            do throws(CacheStoreError) {
                _ = try file.file.bytes(at: index * 9_973, count: 30_000)
            } catch {
                failures.update { $0 += error.code == .network ? 1 : 0 }
            }
        }
        #expect(failures.value == 400)
        // A server that has just failed is left alone for a while.
        if seconds > 0 { #expect(stub.requests.withLock(\.count) < 20) }
    }

    @Test("names the directory that does not take what is read")
    func full() throws {
        let stub = StubRemoteFile(bytes(100))
        let error = #expect(throws: CacheStoreError.self) {
            try RangeCopy(of: stub, in: bench.path("nowhere"))
        }
        #expect(error?.path == bench.path("nowhere") && error?.remedy == .chooseScratch)
    }

    @Test("ends a read that waits when the work is cancelled")
    func cancellation() async throws {
        let file = SharedFileOfTest(try file(StubRemoteFile(bytes(1000), .stall)))
        let task = Task {
            try await WorkerThreads.perform { try file.file.bytes(at: 0, count: 10) }
        }
        try await Task.sleep(for: .milliseconds(50))
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test("ends all requests when the copy goes away")
    func end() async throws {
        let stub = StubRemoteFile(bytes(10_000_000), .stall)
        do {
            let file = try file(stub)
            file.remote?.prepare([0..<10_000_000])
        }
        try await Task.sleep(for: .milliseconds(100))
        let count = stub.requests.withLock(\.count)
        #expect(count <= 5)
    }
}

/// An open file that several threads of a test use.
private final class SharedFileOfTest: Sendable {
    let file: File
    init(_ file: consuming File) { self.file = file }
}
