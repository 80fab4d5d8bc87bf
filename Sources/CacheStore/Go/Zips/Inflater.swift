/// A decoder of deflate streams (RFC 1951) with bounded memory.
///
/// Holds the last 32 KiB of output, which a stream may refer back to, the
/// output not yet delivered and the current block's codes: about 140 KiB in all,
/// whatever the stream says. One decoder serves any number of streams, one
/// after the other. Nothing in a stream can make it trap: what is not deflate,
/// is cut short or has another size than expected gives a ``ZipError``.
struct Inflater {
    /// The longest output of one symbol, in bytes.
    private static let longestMatch = 258

    private static let literalBits = 10
    private static let distanceBits = 9
    private static let codeLengthBits = 7

    private var literals: HuffmanTable
    private var distances: HuffmanTable
    private var codeLengths: HuffmanTable

    /// Whether ``literals`` and ``distances`` have the fixed codes, which then
    /// need not be built again: a hostile stream has a block in each 10 bits.
    private var hasFixedCodes = false

    private var reader = BitReader()

    private var window = InflateWindow()

    /// Creates a decoder.
    init() {
        literals = HuffmanTable(alphabet: DeflateAlphabet.literalsAndLengths, primaryBits: Self.literalBits)
        distances = HuffmanTable(alphabet: DeflateAlphabet.distances, primaryBits: Self.distanceBits)
        codeLengths = HuffmanTable(alphabet: DeflateAlphabet.codeLengths, primaryBits: Self.codeLengthBits)
    }

    /// Decodes a whole stream.
    ///
    /// Pieces go to `sink` as they are made. When an error is thrown, `sink` may
    /// have got some of the output, but never more than `expectedSize` bytes.
    ///
    /// - Parameters:
    ///   - input: The stream, from its first to its last byte.
    ///   - expectedSize: The size of the output in bytes; at least 0.
    ///   - sink: Called with the pieces of the output, none of them empty, in order.
    /// - Throws: ``ZipError`` if `input` is not a deflate stream of that size, or what `sink` throws.
    /// - Complexity: O(*n* + *m*) in the lengths of input and output.
    mutating func inflate(
        _ input: Span<UInt8>,
        expectedSize: Int,
        into sink: (Span<UInt8>) throws -> Void
    ) throws {
        reader = BitReader()
        window.reset(expectedSize: expectedSize)
        var isLast = false
        repeat {
            try reader.refill(from: input)
            isLast = reader.take(1) == 1
            switch reader.take(2) {
            case 0:
                try copyStored(input, into: sink)
            case 1:
                try setFixedCodes()
                try decodeBlock(input, into: sink)
            case 2:
                try readCodes(input)
                try decodeBlock(input, into: sink)
            default:
                throw ZipError("Compressed data has an unknown kind of block")
            }
            try reader.checkOverrun(of: input)
        } while !isLast

        guard window.isComplete else { throw ZipError("Content is shorter than its size") }
        guard reader.byteCount == input.count else { throw ZipError("Compressed data goes on after its end") }
        try window.deliver(into: sink)
    }

    // MARK: - Blocks

    /// Copies a block without compression (RFC 1951 section 3.2.4).
    private mutating func copyStored(
        _ input: Span<UInt8>,
        into sink: (Span<UInt8>) throws -> Void
    ) throws {
        reader.alignToByte()
        try reader.refill(from: input)
        let size = reader.take(16)
        guard reader.take(16) == ~size & 0xffff else {
            throw ZipError("Compressed data has a block with a wrong size")
        }
        let start = reader.byteCount
        guard start <= input.count, size <= input.count - start else {
            throw ZipError("Compressed data is cut short")
        }
        try window.append(input.extracting(start..<start + size), into: sink)
        reader.seek(to: start + size)
    }

    /// Decodes the symbols of a block, to its end.
    private mutating func decodeBlock(
        _ input: Span<UInt8>,
        into sink: (Span<UInt8>) throws -> Void
    ) throws {
        while try !Self.decode(input, literals, distances, &reader, into: &window) {
            try window.makeRoom(into: sink)
        }
    }

    /// Decodes symbols until the block ends or the buffer is full.
    ///
    /// - Returns: Whether the block ended.
    private static func decode(
        _ input: Span<UInt8>,
        _ literals: borrowing HuffmanTable,
        _ distances: borrowing HuffmanTable,
        _ cursor: inout BitReader,
        into window: inout InflateWindow
    ) throws(ZipError) -> Bool {
        let literalEntries = literals.entries.span
        let distanceEntries = distances.entries.span
        // Locals rather than `inout` parameters: they stay in registers.
        var reader = cursor
        var filled = window.filled
        let limit = window.limit
        var output = window.buffer.mutableSpan

        while filled <= output.count - longestMatch {
            try reader.refill(from: input)
            var entry = literalEntries[Int(reader.bits & (1 << UInt64(literalBits) - 1))]
            if entry == 0 { entry = try literals.longEntry(reader.bits) }
            reader.skip(entry & 15)
            let kind = entry >> 8 & 3
            if kind == HuffmanTable.Kind.literal.rawValue {
                guard filled < limit else { throw ZipError("Content is longer than its size") }
                output[filled] = UInt8(truncatingIfNeeded: entry >> 16)
                filled += 1
                continue
            }
            guard kind == HuffmanTable.Kind.match.rawValue else {
                guard kind == HuffmanTable.Kind.endOfBlock.rawValue else {
                    throw ZipError("Compressed data has an unknown length")
                }
                cursor = reader
                window.filled = filled
                return true
            }
            let length = Int(entry >> 16) + reader.take(entry >> 4 & 15)

            entry = distanceEntries[Int(reader.bits & (1 << UInt64(distanceBits) - 1))]
            if entry == 0 { entry = try distances.longEntry(reader.bits) }
            reader.skip(entry & 15)
            guard entry >> 8 & 3 == HuffmanTable.Kind.match.rawValue else {
                throw ZipError("Compressed data has an unknown distance")
            }
            let distance = Int(entry >> 16) + reader.take(entry >> 4 & 15)
            guard distance <= filled else { throw ZipError("Compressed data refers to before its start") }
            guard length <= limit - filled else { throw ZipError("Content is longer than its size") }
            for index in filled..<filled + length { output[index] = output[index - distance] }
            filled += length
        }
        cursor = reader
        window.filled = filled
        return false
    }

    /// Sets the codes that a block need not give (RFC 1951 section 3.2.6).
    private mutating func setFixedCodes() throws(ZipError) {
        guard !hasFixedCodes else { return }
        try literals.build(DeflateAlphabet.fixedLengths[...])
        try distances.build(DeflateAlphabet.fixedDistanceLengths[...])
        hasFixedCodes = true
    }

    /// Reads the codes of a block (RFC 1951 section 3.2.7).
    private mutating func readCodes(_ input: Span<UInt8>) throws(ZipError) {
        hasFixedCodes = false
        let literalCount = reader.take(5) + 257
        let distanceCount = reader.take(5) + 1
        let codeLengthCount = reader.take(4) + 4
        guard literalCount <= 286, distanceCount <= 30 else {
            throw ZipError("Compressed data has too many codes")
        }
        var lengths = [UInt8](repeating: 0, count: DeflateAlphabet.codeLengthOrder.count)
        for symbol in DeflateAlphabet.codeLengthOrder[..<codeLengthCount] {
            try reader.refill(from: input)
            lengths[symbol] = UInt8(reader.take(3))
        }
        try codeLengths.build(lengths[...])
        lengths = try readCodeLengths(input, count: literalCount + distanceCount)
        guard lengths[256] > 0 else { throw ZipError("Compressed data has a block without an end") }
        try literals.build(lengths[..<literalCount])
        try distances.build(lengths[literalCount...])
    }

    /// Reads `count` code lengths, which are themselves coded.
    private mutating func readCodeLengths(_ input: Span<UInt8>, count: Int) throws(ZipError) -> [UInt8] {
        var lengths: [UInt8] = []
        lengths.reserveCapacity(count)
        while lengths.count < count {
            try reader.refill(from: input)
            let entry = try codeLengths.longEntry(reader.bits)
            reader.skip(entry & 15)
            let value: UInt8
            let times: Int
            switch UInt8(truncatingIfNeeded: entry >> 16) {
            case 16:
                guard let last = lengths.last else {
                    throw ZipError("Compressed data repeats a code length before the first")
                }
                value = last
                times = reader.take(2) + 3
            case 17:
                value = 0
                times = reader.take(3) + 3
            case 18:
                value = 0
                times = reader.take(7) + 11
            case let length:
                value = length
                times = 1
            }
            guard times <= count - lengths.count else { throw ZipError("Compressed data has too many codes") }
            lengths.append(contentsOf: repeatElement(value, count: times))
        }
        return lengths
    }
}
