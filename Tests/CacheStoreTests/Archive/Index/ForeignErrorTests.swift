import SystemPackage
import Testing

@testable import CacheStore

/// An error that the library does not know.
private struct ForeignError: Error, Equatable {
    var number: Int
}

@Suite("An error of a closure that a scan of an index calls")
struct ForeignErrorTests {
    private let bench: Workbench
    private let archive: Archive

    init() async throws {
        bench = try Workbench()
        let caches = try RandomCaches(seed: 13, jobs: 1)
        let path = try await bench.pack(caches.jobs[0], to: "a").path
        archive = try Archive(opening: path)
        let set = try archive.members().set
        try #require(!set.outputs.isEmpty && !set.actions.isEmpty && !set.chunks.isEmpty)
    }

    /// Expects `error` to come out of each kind of scan as it is.
    private func expectUnchanged<Foreign: Error & Equatable>(_ error: Foreign) throws {
        let index = try archive.index()
        let number = { (_: ChunkUse) in ChunkNumber(0) }
        #expect(throws: error) { _ = try index.scan(output: { _ in throw error }, number: number) }
        #expect(throws: error) { _ = try index.scan(action: { _ in throw error }, number: number) }
        #expect(throws: error) { try index.forEachChunk { _ in throw error } }
        #expect(throws: error) { try index.reading { throw error } }
    }

    @Test("passes through unchanged")
    func foreign() throws { try expectUnchanged(ForeignError(number: 7)) }

    @Test("passes through unchanged if it is an error of the machine")
    func machine() throws {
        let index = try archive.index()
        let full = CacheStoreError(.noSpace, "no room", path: "/elsewhere")
        let error = #expect(throws: CacheStoreError.self) { try index.forEachChunk { _ in throw full } }
        #expect(error?.code == .noSpace && error?.path == "/elsewhere")
    }

    @Test("passes through unchanged if it is a cancellation")
    func cancellation() throws {
        let index = try archive.index()
        #expect(throws: CancellationError.self) {
            _ = try index.scan(output: { _ in throw CancellationError() }, number: { _ in ChunkNumber(0) })
        }
        #expect(throws: CancellationError.self) { try index.forEachChunk { _ in throw CancellationError() } }
    }

    @Test("is one of the archive only if SQLite can't read the index")
    func database() throws {
        let index = try archive.index()
        let error = #expect(throws: CacheStoreError.self) {
            try index.reading { _ = try index.database.prepare("SELECT nothing FROM nowhere") }
        }
        #expect(error?.code == .corruptArchive && error?.path == archive.path)
    }
}
