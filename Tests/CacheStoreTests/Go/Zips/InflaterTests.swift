import Testing

@testable import CacheStore

@Suite("Inflater")
struct InflaterTests {
    @Test("decodes what zlib encodes, at every level, strategy and window")
    func zlib() throws {
        let pieces = try Python.pieces(
            """
            import random
            r = random.Random(1)
            words = [bytes(r.choices(b"abcdefghij_(){}. \\n\\t", k=r.randint(1, 9))) for _ in range(300)]
            text = b" ".join(r.choices(words, k=1500))
            skew = bytes(min(int(r.expovariate(0.03)), 255) for _ in range(6000))
            small = [b"", b"a", b"ab" * 500, bytes(40000), r.randbytes(5000), text, skew, bytes(range(256)) * 20]
            # Longer than the window and than the output buffer, with matches as far back as can be.
            far = r.randbytes(32768)
            large = [far * 9, b"".join(r.choices(words, k=20000)) + r.randbytes(40000) + text]
            def add(raw, *options):
                c = zlib.compressobj(*options)
                emit(raw)
                emit(c.compress(raw) + c.flush())
            for raw in small:
                for level in range(10): add(raw, level, zlib.DEFLATED, -15)
                for strategy in range(1, 5): add(raw, 6, zlib.DEFLATED, -15, 8, strategy)
                for window in (9, 12): add(raw, 9, zlib.DEFLATED, -window, 1)
            for raw in large:
                for level in (0, 1, 6, 9): add(raw, level, zlib.DEFLATED, -15)
                add(raw, 6, zlib.DEFLATED, -15, 9, zlib.Z_HUFFMAN_ONLY)
            """
        )
        try #require(pieces.count == 2 * (8 * 16 + 2 * 5))
        var inflater = Inflater()
        for index in stride(from: 0, to: pieces.count, by: 2) {
            var output: [UInt8] = []
            output.reserveCapacity(pieces[index].count)
            let stream = pieces[index + 1]
            try inflater.inflate(stream.span, expectedSize: pieces[index].count) { output.append($0) }
            // No `#expect(a == b)`: it would print megabytes.
            let isEqual = output == pieces[index]
            #expect(isEqual, "case \(index / 2)")
        }
    }

    @Test("throws for every stream that is cut short")
    func truncation() throws {
        for (stream, size) in try streams() {
            for count in 0..<stream.count {
                let failure = ZipFixtures.inflateFailure(Array(stream[..<count]), expectedSize: size)
                #expect(failure != nil, "\(count) of \(stream.count) bytes")
            }
        }
    }

    @Test("never delivers more than is expected, whatever bit is flipped")
    func flippedBits() throws {
        for (stream, size) in try streams() {
            for bit in 0..<stream.count * 8 {
                var flipped = stream
                flipped[bit / 8] ^= 1 << (bit % 8)
                checkBounds(flipped, expectedSize: size)
            }
        }
    }

    @Test("never traps on random bytes", arguments: 0..<8 as Range<UInt64>)
    func garbage(seed: UInt64) {
        var source = SeededBytes(seed: seed)
        for _ in 0..<400 {
            var stream = source.bytes(Int.random(in: 0...200, using: &source))
            // Two times of three a block with codes, so that more than its first bits are read.
            if !stream.isEmpty {
                stream[0] = stream[0] & ~7 | [1, 3, 5][Int.random(in: 0..<3, using: &source)]
            }
            checkBounds(stream, expectedSize: Int.random(in: 0...70_000, using: &source))
        }
    }

    @Test("stops at once when a bomb gets longer than expected")
    func bomb() throws {
        let script =
            "c = zlib.compressobj(9, zlib.DEFLATED, -15); emit(c.compress(bytes(100_000_000)) + c.flush())"
        let stream = try #require(try Python.pieces(script).first)
        for size in [0, 1, 1_000, 200_000] { checkBounds(stream, expectedSize: size) }
        #expect(ZipFixtures.inflateFailure(stream, expectedSize: 200_000)?.message.contains("longer") == true)
    }

    @Test("throws when the output is shorter or longer than expected", arguments: [-1, 0, 4, 6, Int.max])
    func size(expected: Int) throws {
        let stored: [UInt8] = [1, 5, 0, 0xfa, 0xff] + Array("hello".utf8)
        #expect(try ZipFixtures.inflate(stored, expectedSize: 5) == Array("hello".utf8))
        #expect(ZipFixtures.inflateFailure(stored, expectedSize: expected) != nil)
    }

    @Test("throws when the input goes on after the stream")
    func excess() throws {
        let stored: [UInt8] = [1, 5, 0, 0xfa, 0xff] + Array("hello".utf8)
        let failure = ZipFixtures.inflateFailure(stored + [0], expectedSize: 5)
        #expect(failure?.message == "Compressed data goes on after its end")
    }

    @Test(
        "throws for a stream that breaks the format",
        arguments: [
            ([], "cut short"),
            ([0x07], "unknown kind of block"),
            ([0x01, 0x05, 0x00, 0xfa, 0xfe], "wrong size"),
            // Fixed codes: the length 3 at distance 1, with nothing before it.
            ([0x03, 0x02, 0x00], "before its start"),
            // Fixed codes: symbol 286; distance symbol 30 after one literal.
            ([0x1b, 0x03, 0x00, 0x00], "unknown length"),
            ([0x4b, 0x04, 0x3e, 0x00], "unknown distance"),
            // 287 literal codes; all code lengths of one bit; the first code length a repetition.
            ([0xf5, 0x00, 0x00, 0x00, 0x00], "too many codes"),
            ([0x05, 0xe0, 0x49, 0x92, 0x24, 0x49, 0x92, 0x24, 0x49], "ambiguous"),
            ([0x05, 0x00, 0x12, 0x00, 0x00, 0x00, 0x00], "before the first"),
        ] as [([UInt8], String)]
    )
    func malformed(stream: [UInt8], message: String) throws {
        let failure = try #require(ZipFixtures.inflateFailure(stream, expectedSize: 1_000))
        #expect(failure.message.contains(message), "\(failure)")
    }

    @Test("serves another stream after one that failed")
    func reuse() throws {
        var inflater = Inflater()
        var output: [UInt8] = []
        let broken: [UInt8] = [0, 5, 0, 0xfa, 0xff] + Array("hello".utf8)
        #expect(throws: ZipError.self) { try inflater.inflate(broken.span, expectedSize: 9) { _ in } }
        let stored: [UInt8] = [1, 5, 0, 0xfa, 0xff] + Array("hello".utf8)
        try inflater.inflate(stored.span, expectedSize: 5) { output.append($0) }
        #expect(output == Array("hello".utf8))
    }

    @Test("passes on the sink's own error")
    func sinkError() {
        struct Full: Error {}
        let stored: [UInt8] = [1, 5, 0, 0xfa, 0xff] + Array("hello".utf8)
        var inflater = Inflater()
        #expect(throws: Full.self) {
            try inflater.inflate(stored.span, expectedSize: 5) { _ in throw Full() }
        }
    }

    /// Returns small streams with stored, fixed and own codes, and the sizes of their outputs.
    private func streams() throws -> [([UInt8], Int)] {
        let pieces = try Python.pieces(
            """
            raw = b"".join(b"func f%d() int { return %d }\\n" % (i, i * i) for i in range(16))
            for level, strategy in ((0, 0), (9, 0), (9, zlib.Z_FIXED), (1, zlib.Z_HUFFMAN_ONLY)):
                c = zlib.compressobj(level, zlib.DEFLATED, -15, 8, strategy)
                emit(raw)
                emit(c.compress(raw) + c.flush())
            """
        )
        return stride(from: 0, to: pieces.count, by: 2).map { (pieces[$0 + 1], pieces[$0].count) }
    }

    /// Inflates, and expects that the sink gets no empty piece and not more than `expectedSize` bytes.
    private func checkBounds(_ stream: [UInt8], expectedSize: Int) {
        var inflater = Inflater()
        var delivered = 0
        var hadEmptyPiece = false
        let failed: Bool
        do {
            try inflater.inflate(stream.span, expectedSize: expectedSize) { piece in
                delivered += piece.count
                hadEmptyPiece = hadEmptyPiece || piece.isEmpty
            }
            failed = false
        } catch {
            failed = true
        }
        #expect(!hadEmptyPiece)
        #expect(failed ? delivered <= expectedSize : delivered == expectedSize)
    }
}
