import CZlib

/// A decoder of a gzip file, which may have several members, with bounded memory: zlib's, and a buffer of
/// 128 KiB.
///
/// Nothing in a file can make the decoder trap. Bytes after the last member are ignored, as `gzip(1)` ignores
/// them, unless the caller wants them refused.
struct GzipDecompressor: ~Copyable {
    /// The bytes that may follow the last member.
    enum Rest {
        /// Any bytes.
        case anything
        /// Zeros, with which some devices fill their last block.
        case zeros
        /// No bytes.
        case nothing
    }

    /// The number of bits of the largest window, 15, plus 16 to ask for a gzip header.
    private static let windowBits: Int32 = 15 + 16

    private var stream: InflateStream
    private var ignoresRest = false
    private let rest: Rest

    /// Whether the input so far ends with a whole member.
    private var isWhole = false

    /// Creates a decoder.
    ///
    /// - Parameter rest: The bytes that may follow the last member; others are an error.
    /// - Throws: ``ZlibError`` if zlib has no memory for the decoder.
    init(allowing rest: Rest = .anything) throws(ZlibError) {
        stream = try InflateStream(windowBits: Self.windowBits)
        self.rest = rest
    }

    /// Decodes the next piece of the file.
    ///
    /// - Parameters:
    ///   - input: The next piece.
    ///   - sink: Called with the pieces of the content, none of them empty, in order.
    /// - Returns: Whether the input so far ends with a whole member.
    /// - Throws: ``ZlibError``, or the error of `sink`.
    /// - Complexity: O(*n* + *m*) in the lengths of input and content.
    mutating func append(_ input: Span<UInt8>, into sink: (Span<UInt8>) throws -> Void) throws -> Bool {
        var consumed = 0
        var isFull = false
        while !ignoresRest, consumed < input.count || isFull {
            if isWhole {
                // The next member begins with this byte (RFC 1952, 2.3.1).
                guard input[consumed] == 0x1F else {
                    ignoresRest = true
                    break
                }
                try stream.reset()
                isWhole = false
            }
            let step = try stream.decode(input.extracting(droppingFirst: consumed))
            isWhole = step.isAtEnd
            consumed += step.consumed
            if step.produced > 0 { try stream.showOutput(of: step, to: sink) }
            // With a full buffer, zlib may hold back output for which it needs no more input.
            isFull = step.produced == InflateStream.bufferSize && !isWhole
        }
        while ignoresRest, rest != .anything, consumed < input.count {
            guard rest == .zeros, input[consumed] == 0 else {
                throw ZlibError(code: Z_DATA_ERROR, message: "more follows the last gzip member")
            }
            consumed += 1
        }
        return isWhole
    }
}
