/// The checksum of a file in a zip: CRC-32 of IEEE 802.3 (APPNOTE.TXT 4.4.7).
///
/// Reflected polynomial 0xEDB88320, start and final value inverted. Bytes are
/// taken sixteen at a time ("slicing-by-16", Kounavis and Berry 2005), each
/// looked up in the table for its distance from the end of the group.
struct CRC32 {
    /// Sixteen tables of 256 words; table *t* advances a byte over *t* more bytes.
    private static let table: [UInt32] = makeTable()

    private var state: UInt32 = 0xffff_ffff

    /// Creates the checksum of no bytes.
    init() {}

    /// The checksum of the bytes so far.
    var value: UInt32 { ~state }

    /// Appends `bytes` to what the checksum covers.
    ///
    /// - Complexity: O(*n*) in the length of `bytes`.
    mutating func update(_ bytes: Span<UInt8>) {
        let table = Self.table.span
        var state = state
        var position = 0
        while position <= bytes.count - 16 {
            let group = bytes.extracting(position..<position + 16)
            let first = state ^ group.word(at: 0)
            state = Self.advance(first, over: 12, table)
            state ^= Self.advance(group.word(at: 4), over: 8, table)
            state ^= Self.advance(group.word(at: 8), over: 4, table)
            state ^= Self.advance(group.word(at: 12), over: 0, table)
            position += 16
        }
        while position < bytes.count {
            state = state >> 8 ^ table[Int((state ^ UInt32(bytes[position])) & 0xff)]
            position += 1
        }
        self.state = state
    }

    /// Returns what the four bytes of `word` add to the state `distance` bytes later.
    @inline(__always)
    private static func advance(_ word: UInt32, over distance: Int, _ table: Span<UInt32>) -> UInt32 {
        var result = table[distance << 8 | Int(word >> 24)]
        result ^= table[(distance + 1) << 8 | Int(word >> 16 & 0xff)]
        result ^= table[(distance + 2) << 8 | Int(word >> 8 & 0xff)]
        result ^= table[(distance + 3) << 8 | Int(word & 0xff)]
        return result
    }

    private static func makeTable() -> [UInt32] {
        var table = [UInt32](repeating: 0, count: 16 * 256)
        for byte in 0..<256 {
            var state = UInt32(byte)
            for _ in 0..<8 { state = state >> 1 ^ (state & 1 == 1 ? 0xedb8_8320 : 0) }
            table[byte] = state
        }
        for index in 256..<table.count {
            let before = table[index - 256]
            table[index] = before >> 8 ^ table[Int(before & 0xff)]
        }
        return table
    }
}

extension Span<UInt8> {
    /// Returns the little-endian word at `offset`, which must lie within the span.
    @inline(__always)
    fileprivate func word(at offset: Int) -> UInt32 {
        let low = UInt32(self[offset]) | UInt32(self[offset + 1]) << 8
        let high = UInt32(self[offset + 2]) | UInt32(self[offset + 3]) << 8
        return low | high << 16
    }
}
