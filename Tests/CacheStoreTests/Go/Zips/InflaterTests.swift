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
            small = [b"", b"a", b"ab" * 500, bytes(40000), r.randbytes(5000), text, skew,
                     bytes(range(256)) * 20]
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
        var inflater = try Inflater()
        for index in stride(from: 0, to: pieces.count, by: 2) {
            var output: [UInt8] = []
            output.reserveCapacity(pieces[index].count)
            let stream = pieces[index + 1]
            try inflater.inflate(stream.span, expectedSize: pieces[index].count) { output.append($0) }
            // `#expect(a == b)` would print megabytes.
            let isEqual = output == pieces[index]
            #expect(isEqual, "case \(index / 2)")
        }
    }

    @Test("throws for every stream that is cut short")
    func truncation() throws {
        for (stream, size) in try streams() {
            for count in 0..<stream.count {
                for pieceSize in [1, Int.max] {
                    let cut = Array(stream[..<count])
                    let failure = ZipFixtures.inflateFailure(cut, pieceSize: pieceSize, expectedSize: size)
                    #expect(failure?.message == "Compressed data is cut short", "\(count) of \(stream.count)")
                }
            }
        }
    }

    @Test("never delivers more than is expected, whatever bit is flipped")
    func flippedBits() throws {
        for (stream, size) in try streams() {
            for bit in 0..<stream.count * 8 {
                var flipped = stream
                flipped[bit / 8] ^= 1 << (bit % 8)
                try checkBounds(flipped, expectedSize: size)
            }
        }
    }

    @Test("never traps on random bytes", arguments: 0..<8 as Range<UInt64>)
    func garbage(seed: UInt64) throws {
        var source = SeededBytes(seed: seed)
        for _ in 0..<400 {
            var stream = source.bytes(Int.random(in: 0...200, using: &source))
            // Two times out of three the stream starts a block with codes, so that the inflater reads more
            // than the first bits.
            if !stream.isEmpty {
                stream[0] = stream[0] & ~7 | [1, 3, 5][Int.random(in: 0..<3, using: &source)]
            }
            try checkBounds(stream, expectedSize: Int.random(in: 0...70_000, using: &source))
        }
    }

    @Test("stops at once when a bomb gets longer than expected")
    func bomb() throws {
        let script =
            "c = zlib.compressobj(9, zlib.DEFLATED, -15); emit(c.compress(bytes(100_000_000)) + c.flush())"
        let stream = try #require(try Python.pieces(script).first)
        for size in [0, 1, 1_000, 200_000, 99_999_999] {
            for pieceSize in [1_000, Int.max] {
                try checkBounds(stream, pieceSize: pieceSize, expectedSize: size)
            }
        }
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
        let ends = "Compressed data goes on after its end"
        for garbage in [[0], stored, [UInt8](repeating: 0xff, count: 200_000)] {
            // The garbage comes in the piece in which the stream ends, or in a piece of its own.
            for pieceSize in [1, stored.count, 100_000, Int.max] {
                let failure = ZipFixtures.inflateFailure(
                    stored + garbage,
                    pieceSize: pieceSize,
                    expectedSize: 5
                )
                #expect(failure?.message == ends, "\(garbage.count) bytes, in pieces of \(pieceSize)")
            }
        }
        // Here the buffer is full at the end of the stream.
        let zeros = [UInt8](repeating: 0, count: Inflater.bufferSize)
        let full = storedBlocks(zeros)
        let isEqual = try ZipFixtures.inflate(full, expectedSize: zeros.count) == zeros
        #expect(isEqual)
        let failure = ZipFixtures.inflateFailure(full + [0], expectedSize: zeros.count)
        #expect(failure?.message == ends)
    }

    @Test(
        "throws for a stream that breaks the format",
        arguments: [
            ([], "cut short"),
            ([0x07], "invalid block type"),
            ([0x01, 0x05, 0x00, 0xfa, 0xfe], "invalid stored block lengths"),
            // Fixed codes: a match of length 3 at distance 1, with nothing before it.
            ([0x03, 0x02, 0x00], "too far back"),
            // Fixed codes: symbol 286, and distance symbol 30 after one literal.
            ([0x1b, 0x03, 0x00, 0x00], "invalid literal/length code"),
            ([0x4b, 0x04, 0x3e, 0x00], "invalid distance code"),
            // 287 literal codes; all code lengths of one bit; a repetition as the first code length.
            ([0xf5, 0x00, 0x00, 0x00, 0x00], "too many length or distance symbols"),
            ([0x05, 0xe0, 0x49, 0x92, 0x24, 0x49, 0x92, 0x24, 0x49, 0x92], "invalid code lengths set"),
            ([0x05, 0x00, 0x12, 0x00, 0x00, 0x00, 0x00], "invalid bit length repeat"),
            // From zlib's own test/infcover.c.
            ([0x00, 0x00, 0x00, 0x00, 0x00], "invalid stored block lengths"),
            ([0x06], "invalid block type"),
            ([0xfc, 0x00, 0x00], "too many length or distance symbols"),
            ([0x04, 0x00, 0xfe, 0xff], "invalid code lengths set"),
            ([0x04, 0x00, 0x24, 0x49, 0x00], "invalid bit length repeat"),
            ([0x04, 0x00, 0x24, 0xe9, 0xff, 0xff], "invalid bit length repeat"),
            ([0x04, 0x00, 0x24, 0xe9, 0xff, 0x6d], "missing end-of-block"),
            (
                [0x04, 0x80, 0x49, 0x92, 0x24, 0x49, 0x92, 0x24, 0x71, 0xff, 0xff, 0x93, 0x11, 0x00],
                "invalid literal/lengths set"
            ),
            (
                [0x04, 0x80, 0x49, 0x92, 0x24, 0x49, 0x92, 0x24, 0x0f, 0xb4, 0xff, 0xff, 0xc3, 0x84],
                "invalid distances set"
            ),
            (
                [0x04, 0xc0, 0x81, 0x08, 0x00, 0x00, 0x00, 0x00, 0x20, 0x7f, 0xeb, 0x0b, 0x00, 0x00],
                "invalid literal/length code"
            ),
            ([0x02, 0x7e, 0xff, 0xff], "invalid distance code"),
            ([0x0c, 0xc0, 0x81, 0x00, 0x00, 0x00, 0x00, 0x00, 0x90, 0xff, 0x6b, 0x04, 0x00], "too far back"),
        ] as [([UInt8], String)]
    )
    func malformed(stream: [UInt8], message: String) throws {
        for pieceSize in [1, Int.max] {
            let failure = ZipFixtures.inflateFailure(stream, pieceSize: pieceSize, expectedSize: 1_000)
            #expect(failure?.message.contains(message) == true, "\(failure?.message ?? "no failure")")
        }
    }

    @Test("serves another stream after one that failed")
    func reuse() throws {
        var inflater = try Inflater()
        var output: [UInt8] = []
        let broken: [UInt8] = [0, 5, 0, 0xfa, 0xff] + Array("hello".utf8)
        #expect(throws: ZipError.self) { try inflater.inflate(broken.span, expectedSize: 9) { _ in } }
        let stored: [UInt8] = [1, 5, 0, 0xfa, 0xff] + Array("hello".utf8)
        try inflater.inflate(stored.span, expectedSize: 5) { output.append($0) }
        #expect(output == Array("hello".utf8))
    }

    @Test("passes on the sink's own error")
    func sinkError() throws {
        struct Full: Error {}
        let stored: [UInt8] = [1, 5, 0, 0xfa, 0xff] + Array("hello".utf8)
        var inflater = try Inflater()
        #expect(throws: Full.self) {
            try inflater.inflate(stored.span, expectedSize: 5) { _ in throw Full() }
        }
    }

    @Test("gives the same however the stream is cut", arguments: [1, 2, 3, 7, 64])
    func pieces(size: Int) throws {
        for (stream, count) in try streams() {
            let whole = try ZipFixtures.inflate(stream, expectedSize: count)
            #expect(try ZipFixtures.inflate(stream, pieceSize: size, expectedSize: count) == whole)
        }
    }

    @Test("decodes what is as long as its buffer, or a little longer or shorter")
    func bufferSizes() throws {
        let pieces = try Python.pieces(
            """
            import random
            text = bytes(random.Random(8).choices(b"abcdef \\n", k=400000))
            for size in (131071, 131072, 131073, 131072 + 258, 262143, 262144, 262145, 393216):
                # Of zeros, a few bits make 258 bytes, some before and some after the buffer's end.
                for raw in (text[:size], bytes(size)):
                    for level in (0, 1, 9):
                        c = zlib.compressobj(level, zlib.DEFLATED, -15)
                        emit(raw)
                        emit(c.compress(raw) + c.flush())
            """
        )
        try #require(pieces.count == 2 * 8 * 2 * 3)
        for index in stride(from: 0, to: pieces.count, by: 2) {
            let (content, stream) = (pieces[index], pieces[index + 1])
            for pieceSize in [1_000, 65_536, stream.count - 1, Int.max] {
                let output = try ZipFixtures.inflate(
                    stream,
                    pieceSize: pieceSize,
                    expectedSize: content.count
                )
                let isEqual = output == content
                #expect(isEqual, "case \(index / 2), in pieces of \(pieceSize)")
            }
            for size in [content.count - 1, content.count + 1] {
                try checkBounds(stream, pieceSize: 65_536, expectedSize: size)
                #expect(ZipFixtures.inflateFailure(stream, expectedSize: size) != nil)
            }
        }
    }

    @Test(
        "decodes streams without content, and calls no sink for them",
        arguments: [
            // A stored block, fixed codes, dynamic codes, and many blocks.
            [1, 0, 0, 0xff, 0xff], [3, 0],
            [0x05, 0xc0, 0x81, 0x00, 0x00, 0x00, 0x00, 0x00, 0x90, 0xff, 0x6b, 0x04],
            [UInt8]((0..<30_000).flatMap { _ in [0, 0, 0, 0xff, 0xff] as [UInt8] }) + [3, 0],
        ] as [[UInt8]]
    )
    func noContent(stream: [UInt8]) throws {
        for pieceSize in [1, Int.max] {
            var inflater = try Inflater()
            try inflater.inflate(stream.span, pieceSize: pieceSize, expectedSize: 0) { _ in
                Issue.record("The sink got a piece")
            }
            #expect(ZipFixtures.inflateFailure(stream, pieceSize: pieceSize, expectedSize: 1) != nil)
        }
    }

    @Test("takes no input before a stream has begun, and no stream twice")
    func order() throws {
        var inflater = try Inflater()
        let stored: [UInt8] = [1, 5, 0, 0xfa, 0xff] + Array("hello".utf8)
        #expect(throws: ZipError.self) { try inflater.append(stored.span) { _ in } }
        try inflater.begin(expectedSize: 5)
        try inflater.append(stored.span) { _ in }
        #expect(throws: ZipError.self) { try inflater.append(stored.span) { _ in } }
    }

    @Test("does not take a lack of memory for damage")
    func failures() throws {
        // zlib's error codes for damaged data, for a lack of memory and for misuse.
        let damage = Inflater.failure(ZlibError(code: -3, message: "so"))
        #expect(damage as? ZipError == ZipError("Compressed data is damaged: so"))
        for code: Int32 in [-4, -2] {
            let error = try #require(Inflater.failure(ZlibError(code: code)) as? CacheStoreError)
            #expect(error.code == .io)
        }
    }

    /// Returns a stream of stored blocks.
    private func storedBlocks(_ content: [UInt8]) -> [UInt8] {
        var stream: [UInt8] = []
        var rest = content[...]
        repeat {
            let block = rest.prefix(65_535)
            rest = rest.dropFirst(block.count)
            stream.append(rest.isEmpty ? 1 : 0)
            stream.append(littleEndian: UInt16(block.count))
            stream.append(littleEndian: ~UInt16(block.count))
            stream += block
        } while !rest.isEmpty
        return stream
    }

    /// Returns small streams with stored blocks, fixed and dynamic codes, and the sizes of their outputs.
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

    /// Inflates a stream, and expects that the sink gets no empty piece and at most `expectedSize` bytes.
    private func checkBounds(_ stream: [UInt8], pieceSize: Int = .max, expectedSize: Int) throws {
        var inflater = try Inflater()
        var delivered = 0
        var hadEmptyPiece = false
        let failed: Bool
        do {
            try inflater.inflate(stream.span, pieceSize: pieceSize, expectedSize: expectedSize) { piece in
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
