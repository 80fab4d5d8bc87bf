import SystemPackage
import Testing

@testable import CacheStore

/// Walks through frames without an index.
@Suite("A walk through the frames")
struct FrameWalkTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    private func walk(_ path: FilePath) throws -> [ChunkRecord] {
        var walk = try FrameWalk(FrameFile(File(reading: path)))
        return try walk.records { _ in }
    }

    @Test(
        "finds every sound frame where the index has it",
        arguments: 801...802 as ClosedRange<UInt64>
    )
    func finds(seed: UInt64) async throws {
        var source = SeededBytes(seed: seed)
        let model = try RandomCaches(seed: seed, jobs: 1, pairs: 60).jobs[0]
        let sound = try await bench.pack(model, to: "sound").path
        let all = try bench.contents(sound).set.chunks
        #expect(try walk(sound) == all)
        let chosen = Set(try bench.chunks(of: sound, oneIn: 4, &source))
        let damaged = try bench.damage(sound, frames: chosen, to: "damaged", &source)
        // A flipped bit may leave a frame that decodes to the same content; its checksum then differs.
        let found = try walk(damaged)
        #expect(Set(found).intersection(all) == Set(all).subtracting(chosen), "seed \(seed)")
        #expect(found.allSatisfy { record in all.contains { $0.id == record.id } }, "seed \(seed)")
    }

    @Test("ends soon in a file that holds the beginning of a frame every few bytes")
    func hostile() throws {
        // The header of a frame with 8 MiB of content, and blocks of no bytes.
        let start: [UInt8] = ZstdFrame.magic + [0xA0, 0, 0, 0x80, 0]
        let bytes = [[UInt8]](repeating: start + [0, 0, 0], count: 200_000).flatMap(\.self)
        try Files.write(bytes, to: bench.path("hostile"))
        let clock = ContinuousClock()
        let begin = clock.now
        #expect(try walk(bench.path("hostile")).isEmpty)
        #expect(clock.now - begin < .seconds(60))
    }

    @Test("finds nothing in an empty file, in zeros and in a text")
    func nothing() throws {
        for bytes in [[], [UInt8](repeating: 0, count: 100_000), Array("text".utf8), ZstdFrame.magic] {
            try Files.write(bytes, to: bench.path("other"))
            #expect(try walk(bench.path("other")).isEmpty)
        }
    }
}
