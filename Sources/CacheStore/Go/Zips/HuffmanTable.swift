/// A decoder for one of deflate's three alphabets (RFC 1951 section 3.2.2).
///
/// Codes of up to `primaryBits` bits are found by one look-up of the next bits
/// in ``entries``. Longer ones, which by their length are rare, are found
/// bit by bit as in zlib's `contrib/puff`, which needs no second level of tables.
///
/// An entry says all about a symbol that the decoding loop needs:
///
/// | bits | content |
/// |---|---|
/// | 0–3 | length of the code, 1 to 15 |
/// | 4–7 | number of extra bits that follow the code |
/// | 8–9 | ``Kind`` |
/// | 16–31 | the byte, or the base of the length or distance |
///
/// 0 stands for bits that no code of up to `primaryBits` bits begins with.
struct HuffmanTable {
    /// What a symbol stands for.
    enum Kind: UInt32 {
        case literal, match, endOfBlock, invalid
    }

    /// The longest code deflate allows, in bits.
    private static let longestCode = 15

    /// The entries by the next `primaryBits` bits of the stream.
    private(set) var entries: [UInt32]

    /// The entry of each symbol of the alphabet, without the length of its code.
    private let alphabet: [UInt32]

    private let primaryBits: Int

    /// How many codes there are of each length.
    private var counts = [Int](repeating: 0, count: longestCode + 1)

    /// The symbols, ordered by their codes.
    private var symbols: [UInt16]

    /// Creates a table without codes.
    ///
    /// - Parameters:
    ///   - alphabet: What each symbol stands for, as made by ``entry(_:value:extraBits:)``.
    ///   - primaryBits: How many bits to look up at once.
    init(alphabet: [UInt32], primaryBits: Int) {
        self.alphabet = alphabet
        self.primaryBits = primaryBits
        entries = [UInt32](repeating: 0, count: 1 << primaryBits)
        symbols = [UInt16](repeating: 0, count: alphabet.count)
    }

    /// Returns the entry for a symbol, without the length of its code.
    static func entry(_ kind: Kind, value: Int, extraBits: Int = 0) -> UInt32 {
        UInt32(value) << 16 | kind.rawValue << 8 | UInt32(extraBits) << 4
    }

    /// Replaces the codes by the canonical ones of the given lengths.
    ///
    /// As in Go's compress/flate (inflate.go, `huffmanDecoder.init`), codes must
    /// leave nothing unused, except that there may be one code alone, of one
    /// bit, or none.
    ///
    /// - Parameter lengths: The length of each symbol's code in bits, or 0 for
    ///   none; at most as many as the alphabet has symbols.
    /// - Throws: ``ZipError`` if no set of codes has these lengths.
    mutating func build(_ lengths: ArraySlice<UInt8>) throws(ZipError) {
        guard lengths.count <= alphabet.count else { throw ZipError("Compressed data has too many codes") }
        for length in counts.indices { counts[length] = 0 }
        for length in lengths {
            guard length <= Self.longestCode else { throw ZipError("Compressed data has a code too long") }
            counts[Int(length)] += 1
        }
        counts[0] = 0
        try checkCounts()

        var starts = [Int](repeating: 0, count: Self.longestCode + 2)
        for length in counts.indices { starts[length + 1] = starts[length] + counts[length] }
        for (symbol, length) in lengths.enumerated() where length > 0 {
            symbols[starts[Int(length)]] = UInt16(symbol)
            starts[Int(length)] += 1
        }
        fillEntries()
    }

    private func checkCounts() throws(ZipError) {
        var unused = 1
        for length in 1...Self.longestCode {
            unused = unused << 1 - counts[length]
            guard unused >= 0 else { throw ZipError("Compressed data has ambiguous codes") }
        }
        let total = counts.reduce(0, +)
        guard unused == 0 || total == 0 || total == 1 && counts[1] == 1 else {
            throw ZipError("Compressed data has incomplete codes")
        }
    }

    /// Writes each short code wherever its bits begin the index.
    private mutating func fillEntries() {
        for index in entries.indices { entries[index] = 0 }
        var code = 0
        var next = 0
        for length in 1...primaryBits {
            for _ in 0..<counts[length] {
                let entry = alphabet[Int(symbols[next])] | UInt32(length)
                var index = Self.reversed(code, bits: length)
                while index < entries.count {
                    entries[index] = entry
                    index += 1 << length
                }
                code += 1
                next += 1
            }
            code <<= 1
        }
    }

    /// Returns the entry for the code that `bits` begins with, of any length.
    ///
    /// - Parameter bits: At least 15 bits of the stream, the first of them lowest.
    /// - Returns: The entry, with the length of its code.
    /// - Throws: ``ZipError`` if there is no such code.
    func longEntry(_ bits: UInt64) throws(ZipError) -> UInt32 {
        var code = 0
        var first = 0
        var index = 0
        for length in 1...Self.longestCode {
            code |= Int(bits >> UInt64(length - 1) & 1)
            let count = counts[length]
            if code - first < count { return alphabet[Int(symbols[index + code - first])] | UInt32(length) }
            index += count
            first = (first + count) << 1
            code <<= 1
        }
        throw ZipError("Compressed data has an unknown code")
    }

    /// Returns the lowest `bits` bits of `code` in the opposite order: a code
    /// comes with its most significant bit first (RFC 1951 section 3.1.1).
    private static func reversed(_ code: Int, bits: Int) -> Int {
        var rest = code
        var result = 0
        for _ in 0..<bits {
            result = result << 1 | rest & 1
            rest >>= 1
        }
        return result
    }
}
