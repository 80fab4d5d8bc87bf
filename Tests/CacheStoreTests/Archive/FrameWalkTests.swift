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
        #expect(clock.now - begin < .seconds(20))
    }

    @Test("finds the frames behind many damaged ones that would have much content")
    func patient() throws {
        let compressor = try ZstdCompressor(level: 1)
        var content = [UInt8](repeating: 0, count: FormatLimits.chunkSize)
        var bytes: [UInt8] = []
        for number in 0..<24 {
            content[content.count - 1] = UInt8(number)
            var frame = try compressor.frame(content.span)
            if number < 22 { frame[frame.count - 1] ^= 1 }
            bytes += frame
        }
        try Files.write(bytes, to: bench.path("frames"))
        #expect(try walk(bench.path("frames")).count == 2)
    }

    @Test("decodes a frame with much content once, however often a file repeats it")
    func repeated() throws {
        let zeros = [UInt8](repeating: 0, count: FormatLimits.chunkSize)
        let frame = try ZstdCompressor(level: 1).frame(zeros.span)
        var damaged = frame
        damaged[frame.count - 1] ^= 1
        let last = try ZstdCompressor(level: 1).frame([1, 2, 3].span)
        let bytes = [[UInt8]](repeating: frame + damaged, count: 4000).flatMap(\.self) + last
        try Files.write(bytes, to: bench.path("repeated"))
        let clock = ContinuousClock()
        let begin = clock.now
        #expect(try walk(bench.path("repeated")).map(\.offset) == [0, bytes.count - last.count])
        // Decoding all of it takes longer than a minute.
        #expect(clock.now - begin < .seconds(20))
    }

    @Test("passes over a damaged frame as a whole, and not into the frames that its content holds")
    func whole() throws {
        var source = SeededBytes(seed: 811)
        let compressor = try ZstdCompressor(level: 1)
        let inner = try compressor.frame(source.bytes(500).span)
        var outer = try compressor.frame((source.bytes(3000) + inner + source.bytes(3000)).span)
        let last = try compressor.frame(source.bytes(100).span)
        outer[outer.count - 1] ^= 1
        try Files.write(outer + last, to: bench.path("passed"))
        #expect(try walk(bench.path("passed")).map(\.offset) == [outer.count])
        // Without its beginning, nothing tells the damaged frame's end.
        outer[0] ^= 1
        try Files.write(outer + last, to: bench.path("searched"))
        #expect(try walk(bench.path("searched")).map(\.contentBytes) == [500, 100])
    }

    @Test("does not read holes, and finds the frame behind them")
    func holes() throws {
        let frame = try ZstdCompressor(level: 1).frame(Array("content".utf8).span)
        let offset = 64 << 30
        try Files.write([], to: bench.path("sparse"))
        let descriptor = try FileDescriptor.open(bench.path("sparse"), .writeOnly)
        try descriptor.closeAfter { _ = try descriptor.writeAll(toAbsoluteOffset: Int64(offset), frame) }
        #expect(try walk(bench.path("sparse")).map(\.offset) == [offset])
    }

    @Test("reports each byte once, and soon, so that it can be cancelled in a long file of zeros")
    func steps() async throws {
        try Files.write([UInt8](repeating: 0, count: 40 << 20), to: bench.path("zeros"))
        let sound = try await HostileArchive(bench: bench).sound()
        for (path, size) in [(bench.path("zeros"), 40 << 20), (sound, try Files.bytes(sound).count)] {
            var steps: [Int] = []
            var walk = try FrameWalk(FrameFile(File(reading: path)))
            _ = try walk.records { steps.append($0) }
            #expect(steps.reduce(0, +) == size && steps.allSatisfy { $0 <= 20 << 20 })
        }
        var walk = try FrameWalk(FrameFile(File(reading: bench.path("zeros"))))
        #expect(throws: CancellationError.self) { try walk.records { _ in throw CancellationError() } }
    }

    @Test("finds nothing in an empty file, in zeros and in a text")
    func nothing() throws {
        for bytes in [[], [UInt8](repeating: 0, count: 100_000), Array("text".utf8), ZstdFrame.magic] {
            try Files.write(bytes, to: bench.path("other"))
            #expect(try walk(bench.path("other")).isEmpty)
        }
    }
}
