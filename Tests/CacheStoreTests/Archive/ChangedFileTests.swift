import SystemPackage
import Testing

@testable import CacheStore

/// Tests of archives that another process writes while they are read.
@Suite("An archive that changes while it is read is not called damaged")
struct ChangedFileTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    private func archive(_ name: String) async throws -> (path: FilePath, bytes: [UInt8]) {
        let path = try await HostileArchive(bench: bench).sound(to: name)
        return (path, try WholeFile.bytes(of: path, limit: 1 << 24))
    }

    private func expectChanged(_ error: CacheStoreError?, _ what: String) {
        #expect(error?.code == .io && error?.remedy == .runAgain, "\(what): \(String(describing: error))")
        #expect(error?.isOfMachine == true)
    }

    @Test("neither if it is cut short, nor if other bytes take the place of its own")
    func changed() async throws {
        for isCut in [true, false] {
            let (path, bytes) = try await archive("cut \(isCut)")
            let opened = try Archive(opening: path)
            _ = try await opened.contents()
            try Files.write(isCut ? [] : bytes.map { $0 ^ 1 }, to: path)
            // A file system may keep times in steps of some milliseconds.
            try Files.setTime(1_000_000_000, of: path.string)
            expectChanged(await failure { try await opened.contents() }, "its index")
            expectChanged(await failure { try opened.index(isChecked: true).modules() }, "its rows")
            let record = ChunkRecord(
                id: CacheModel.id("x"),
                offset: 0,
                storedBytes: 20,
                contentBytes: 20,
                checksum: 1
            )
            var reader = try ChunkReader(opened)
            do {
                try reader.read(record)
                Issue.record("a wrong frame is read")
            } catch {
                expectChanged(error, "its frames")
            }
        }
    }

    @Test("but one that nobody changes is")
    func damaged() async throws {
        var (path, bytes) = try await archive("sound")
        bytes[bytes.count - 5000] ^= 1
        try Files.write(bytes, to: path)
        let opened = try Archive(opening: path)
        let error = await failure { try await opened.contents() }
        #expect(error?.code == .corruptArchive)
    }

    @Test("and a verification of it has a problem of the machine, which is no damage")
    func verify() async throws {
        let (path, bytes) = try await archive("sound")
        let opened = try Archive(opening: path)
        let operation = try await VerifyOperation(opened, threads: 1, ProgressCounters())
        try Files.write(bytes.map { $0 ^ 1 }, to: path)
        try Files.setTime(1_000_000_000, of: path.string)
        let report = try? await operation.run()
        #expect(report?.problems.allSatisfy(\.isOfMachine) ?? true, "\(String(describing: report))")
    }
}
