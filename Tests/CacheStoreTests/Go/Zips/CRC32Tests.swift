import Testing

@testable import CacheStore

@Suite("CRC32")
struct CRC32Tests {
    @Test("of 123456789 is the published check value")
    func check() {
        #expect(crc(Array("123456789".utf8)) == 0xcbf4_3926)
    }

    @Test(
        "of well-known texts are the published values",
        arguments: [
            ("a", 0xe8b7_be43), ("abc", 0x3524_41c2), ("message digest", 0x2015_9d7f),
            ("abcdefghijklmnopqrstuvwxyz", 0x4c27_50bd),
            ("The quick brown fox jumps over the lazy dog", 0x414f_a339),
        ] as [(String, UInt32)]
    )
    func known(text: String, value: UInt32) {
        #expect(crc(Array(text.utf8)) == value)
    }

    @Test("of nothing is 0")
    func empty() {
        #expect(crc([]) == 0)
    }

    @Test("equals zlib's for every length up to 300 and some large ones")
    func zlib() throws {
        var source = SeededBytes(seed: 1)
        let bytes = source.bytes(70_000)
        let lengths = Array(0...300) + [4_095, 4_096, 65_537, 70_000]
        let script = "for n in \(lengths): emit(struct.pack('<I', zlib.crc32(input[:n])))"
        let expected = try Python.pieces(script, input: bytes).map {
            $0.reversed().reduce(0) { $0 << 8 | UInt32($1) }
        }
        #expect(lengths.map { crc(Array(bytes[..<$0])) } == expected)
    }

    @Test("does not depend on how the bytes are cut", arguments: [1, 7, 15, 16, 17, 64, 999])
    func cut(size: Int) {
        var source = SeededBytes(seed: 2)
        let bytes = source.bytes(1_000)
        var crc = CRC32()
        for start in stride(from: 0, to: bytes.count, by: size) {
            let piece = Array(bytes[start..<min(start + size, bytes.count)])
            crc.update(piece.span)
            crc.update([UInt8]().span)
        }
        #expect(crc.value == self.crc(bytes))
    }

    private func crc(_ bytes: [UInt8]) -> UInt32 {
        var crc = CRC32()
        crc.update(bytes.span)
        return crc.value
    }
}
