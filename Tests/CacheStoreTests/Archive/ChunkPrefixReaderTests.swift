import SystemPackage
import Testing

@testable import CacheStore

/// Tests of reading parts of streams without the rest of their chunks.
@Suite("A part of a stream, read without the rest")
struct ChunkPrefixReaderTests {
    private let bench: Workbench
    private let content: [UInt8]
    private let archive: FilePath

    init() async throws {
        bench = try Workbench()
        var source = SeededBytes(seed: 961)
        content = source.halfRandomBytes(13_000_000)
        var model = CacheModel()
        model.addPair("large", content)
        archive = try await bench.pack(model, to: "pack").path
    }

    /// Returns the chunks of the large output.
    private func chunks() throws -> [ChunkRecord] {
        let set = try bench.contents(archive).set
        let output = try #require(set.outputs.first { $0.size == content.count })
        return output.chunks.numbers.map { set.chunks[$0] }
    }

    @Test("has the bytes of the stream, in any order of parts")
    func parts() throws {
        var source = SeededBytes(seed: 962)
        let chunks = try chunks()
        try #require(chunks.count > 1)
        var reader = try ChunkPrefixReader(Archive(opening: archive))
        #expect(try reader.read(0..<0, of: chunks).isEmpty)
        var starts = (0..<40).map { _ in Int.random(in: 0..<content.count, using: &source) }
        // Around the ends of chunks, and in ascending order as a package is read.
        var end = 0
        for chunk in chunks {
            end += chunk.contentBytes
            starts += [end - 1, max(0, end - 100_000)]
        }
        for start in starts + starts.sorted() {
            let range = start..<start + Int.random(in: 0..<300_000, using: &source)
            let expected = Array(content[range.clamped(to: 0..<content.count)])
            #expect(try reader.read(range, of: chunks) == expected)
        }
    }

    @Test("is refused if its frame was changed behind the part, and is not if another frame was")
    func damage() throws {
        let chunks = try chunks()
        let frame = chunks[1]
        let damaged = try bench.copy(archive, to: "damaged") { $0[frame.offset + frame.storedBytes - 9] ^= 1 }
        var reader = try ChunkPrefixReader(Archive(opening: damaged))
        let first = chunks[0].contentBytes
        for _ in 0..<2 {
            let error = #expect(throws: CacheStoreError.self) {
                try reader.read(first..<first + 1, of: chunks)
            }
            #expect(error?.code == .corruptArchive && error?.offset == frame.offset)
            #expect(try reader.read(first - 1..<first, of: chunks) == [content[first - 1]])
        }
    }
}
