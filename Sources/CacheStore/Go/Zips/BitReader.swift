/// The position in a deflate stream, to the bit.
///
/// Bits come least significant first (RFC 1951 section 3.1.1). The stream
/// itself is lent to each call, so that this is a plain value a loop can keep in
/// registers. Behind the end of the stream the reader supplies zeros: that frees
/// the inner loop from a check for each bit, and ``refill(from:)`` reports the
/// overrun a few bytes later, before it can grow.
struct BitReader {
    /// The next bits, the first of them lowest.
    private(set) var bits: UInt64 = 0

    /// How many of ``bits`` are valid.
    private var bitCount = 0

    /// The offset of the first byte that is not in ``bits`` yet.
    private var position = 0

    /// How many bytes have been begun to be consumed.
    var byteCount: Int { position - bitCount >> 3 }

    /// Makes at least 56 bits available, enough for any one length and distance.
    ///
    /// - Parameter input: The whole stream.
    /// - Throws: ``ZipError`` if more bits were consumed than there are.
    @inline(__always)
    mutating func refill(from input: Span<UInt8>) throws(ZipError) {
        guard position <= input.count - 8 else { return try refillNearEnd(of: input) }
        let group = input.extracting(position..<position + 8)
        var word: UInt64 = 0
        for index in 0..<8 { word |= UInt64(group[index]) << UInt64(8 * index) }
        bits |= word << UInt64(bitCount)
        position += (63 - bitCount) >> 3
        bitCount |= 56
    }

    private mutating func refillNearEnd(of input: Span<UInt8>) throws(ZipError) {
        try checkOverrun(of: input)
        while bitCount < 56 {
            if position < input.count { bits |= UInt64(input[position]) << UInt64(bitCount) }
            position += 1
            bitCount += 8
        }
    }

    /// Throws if more bits were consumed than `input` has.
    func checkOverrun(of input: Span<UInt8>) throws(ZipError) {
        guard byteCount <= input.count else { throw ZipError("Compressed data is cut short") }
    }

    /// Drops `count` bits, of which there must be as many since the last refill.
    @inline(__always)
    mutating func skip(_ count: UInt32) {
        bits >>= UInt64(count)
        bitCount -= Int(count)
    }

    /// Returns the next `count` bits, of which there must be as many since the last refill.
    @inline(__always)
    mutating func take(_ count: UInt32) -> Int {
        let value = bits & (1 << UInt64(count) - 1)
        skip(count)
        return Int(value)
    }

    /// Drops what is left of the byte that was begun.
    mutating func alignToByte() {
        skip(UInt32(bitCount & 7))
    }

    /// Goes to byte `offset` of the stream.
    mutating func seek(to offset: Int) {
        bits = 0
        bitCount = 0
        position = offset
    }
}
