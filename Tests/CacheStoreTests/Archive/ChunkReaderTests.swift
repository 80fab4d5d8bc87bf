import SystemPackage
import Testing

@testable import CacheStore

@Suite("A reader of chunks")
struct ChunkReaderTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    /// Returns the archive of a long output, and its chunks.
    private func long() async throws -> (archive: Archive, chunks: [ChunkRecord]) {
        var random = SeededBytes(seed: 71)
        var model = CacheModel()
        model.addPair("long", random.bytes(21_000_000))
        let contents = try bench.contents(try await bench.pack(model, to: "long").path)
        return (contents.archive, contents.set.chunks)
    }

    @Test("looks for the chunk that is wrong, and ends at once when it is asked to")
    func fault() async throws {
        let (archive, chunks) = try await long()
        var reader = try ChunkReader(archive)
        let other = CacheStoreError(.corruptArchive, "other")
        #expect(reader.fault(among: chunks, otherwise: other, check: {}).message == "other")
        let end = chunks.count - 1
        var wrong = chunks
        wrong[end].checksum ^= 1
        #expect(reader.fault(among: wrong, otherwise: other, check: {}).message != "other")
        var calls = 0
        #expect(throws: CancellationError.self) {
            try reader.fault(among: wrong, otherwise: other) {
                calls += 1
                if calls == end { throw CancellationError() }
            }
        }
        #expect(calls == end)
    }
}
