import Testing

@testable import CacheStore

/// Tests of decoding the beginnings of frames.
@Suite("The beginning of a zstd frame")
struct ZstdPrefixDecompressorTests {
    /// The most that is decoded without need, in bytes: a block.
    private let slack = 128 << 10

    @Test("has the bytes of the content, in any number of steps and with one decoder for many frames")
    func prefixes() throws {
        var source = SeededBytes(seed: 951)
        var decoder = try ZstdPrefixDecompressor()
        for round in 0..<60 {
            let size = round < 5 ? round + 1 : Int.random(in: 1..<1_500_000, using: &source)
            let content = source.halfRandomBytes(size)
            let frame = try ZstdCompressor(level: round % 2 == 0 ? 1 : 15).frame(content.span)
            try #require(try decoder.begin(frame.span, size: size))
            var found: [UInt8] = []
            // Most frames are left before their end.
            for _ in 0..<4 {
                let count = Int.random(in: found.count...size, using: &source)
                try #require(try decoder.decode(frame.span, upTo: count, into: &found))
                #expect(found.count >= count && found.count < count + slack)
                #expect(content.starts(with: found))
            }
        }
    }

    @Test("is decoded although the end of the frame can't be, and the whole is not")
    func laterDamage() throws {
        var source = SeededBytes(seed: 952)
        let content = source.halfRandomBytes(1_000_000)
        var frame = try ZstdCompressor(level: 1).frame(content.span)
        // The last block begins far behind the middle. Its first bytes tell how its text is compressed.
        for index in frame.count - 20_000..<frame.count - 4 { frame[index] = 0xFF }
        var decoder = try ZstdPrefixDecompressor()
        guard try decoder.begin(frame.span, size: content.count) else { return }
        var found: [UInt8] = []
        #expect(try decoder.decode(frame.span, upTo: content.count / 2, into: &found))
        #expect(content.starts(with: found) && found.count < content.count / 2 + slack)
        let isWhole = try? decoder.decode(frame.span, upTo: content.count, into: &found)
        #expect(isWhole != true || found != content)
    }

    @Test("is refused for a frame of another length, for more than one frame, and for a part of one")
    func lengths() throws {
        var source = SeededBytes(seed: 953)
        let content = source.halfRandomBytes(300_000)
        let frame = try ZstdCompressor(level: 1).frame(content.span)
        var decoder = try ZstdPrefixDecompressor()
        #expect(try decoder.begin(frame.span, size: content.count))
        for size in [0, content.count - 1, content.count + 1] {
            #expect(try !decoder.begin(frame.span, size: size))
        }
        let twice = frame + frame
        #expect(try !decoder.begin(twice.span, size: content.count))
        let part = Array(frame.dropLast())
        #expect(try !decoder.begin(part.span, size: content.count))
        let nothing: [UInt8] = []
        #expect(try !decoder.begin(nothing.span, size: 0))
        #expect(try decoder.begin(frame.span, size: content.count))
        var found: [UInt8] = []
        #expect(try !decoder.decode(frame.span, upTo: content.count + 1, into: &found))
        #expect(found == content)
    }
}
