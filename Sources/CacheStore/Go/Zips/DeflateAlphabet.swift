/// What the symbols of deflate's three alphabets stand for (RFC 1951 section 3.2.5).
enum DeflateAlphabet {
    /// The literal bytes, the end of a block, and the lengths 3 to 258.
    static let literalsAndLengths: [UInt32] = {
        var entries = (0..<256).map { HuffmanTable.entry(.literal, value: $0) }
        entries.append(HuffmanTable.entry(.endOfBlock, value: 0))
        var base = 3
        for symbol in 257..<285 {
            let extraBits = max(0, (symbol - 261) / 4)
            entries.append(HuffmanTable.entry(.match, value: base, extraBits: extraBits))
            base += 1 << extraBits
        }
        // The longest length has a code of its own, without extra bits.
        entries.append(HuffmanTable.entry(.match, value: 258))
        // The fixed code has two more symbols, which "will never actually occur".
        return entries + [UInt32](repeating: HuffmanTable.entry(.invalid, value: 0), count: 2)
    }()

    /// The distances 1 to 32768.
    static let distances: [UInt32] = {
        var entries: [UInt32] = []
        var base = 1
        for symbol in 0..<30 {
            let extraBits = max(0, symbol / 2 - 1)
            entries.append(HuffmanTable.entry(.match, value: base, extraBits: extraBits))
            base += 1 << extraBits
        }
        return entries + [UInt32](repeating: HuffmanTable.entry(.invalid, value: 0), count: 2)
    }()

    /// The code lengths 0 to 15 and three ways to repeat one (section 3.2.7).
    static let codeLengths: [UInt32] = (0..<19).map { HuffmanTable.entry(.literal, value: $0) }

    /// The order in which a block gives the code lengths of ``codeLengths``.
    static let codeLengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

    /// The code lengths of a block with fixed codes, literals and lengths (section 3.2.6).
    static let fixedLengths: [UInt8] =
        [UInt8](repeating: 8, count: 144) + [UInt8](repeating: 9, count: 112)
        + [UInt8](repeating: 7, count: 24) + [UInt8](repeating: 8, count: 8)

    /// The code lengths of a block with fixed codes, distances.
    static let fixedDistanceLengths = [UInt8](repeating: 5, count: 32)
}
