import CZlib

/// A decoder of a gzip file, which may have several members, with bounded memory: zlib's, and a buffer of
/// 128 KiB.
///
/// Nothing in a file can make the decoder trap. Bytes after the last member are ignored, as `gzip(1)` ignores
/// them.
@safe struct GzipDecompressor: ~Copyable {
    /// A failure reported by zlib.
    struct Failure: Error, CustomStringConvertible {
        /// The code that zlib returned, for example −3 for damaged data.
        let code: Int32

        var description: String { "zlib: error \(code)" }
    }

    /// The largest piece of output, in bytes.
    private static let bufferSize = 128 << 10

    /// The number of bits of the largest window, 15, plus 16 to ask for a gzip header.
    private static let windowBits: Int32 = 15 + 16

    private let stream: UnsafeMutablePointer<z_stream>
    private var buffer = [UInt8](repeating: 0, count: bufferSize)
    private var ignoresRest = false

    /// Whether the input so far ends with a whole member.
    private var isWhole = false

    /// Creates a decoder.
    ///
    /// - Throws: ``Failure`` if zlib has no memory for the decoder.
    init() throws(Failure) {
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        let code = unsafe inflateInit2_(
            stream,
            Self.windowBits,
            ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size)
        )
        guard code == Z_OK else {
            unsafe stream.deallocate()
            throw Failure(code: code)
        }
        unsafe self.stream = stream
    }

    deinit {
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Decodes the next piece of the file.
    ///
    /// - Parameters:
    ///   - input: The next piece.
    ///   - sink: Called with the pieces of the content, none of them empty, in order.
    /// - Returns: Whether the input so far ends with a whole member.
    /// - Throws: ``Failure``, or the error of `sink`.
    /// - Complexity: O(*n* + *m*) in the lengths of input and content.
    mutating func append(_ input: Span<UInt8>, into sink: (Span<UInt8>) throws -> Void) throws -> Bool {
        var consumed = 0
        var isFull = false
        while !ignoresRest, consumed < input.count || isFull {
            if isWhole {
                // The next member begins with this byte (RFC 1952, 2.3.1).
                guard input[consumed] == 0x1F else {
                    ignoresRest = true
                    return true
                }
                let code = unsafe inflateReset(stream)
                guard code == Z_OK else { throw Failure(code: code) }
                isWhole = false
            }
            let step = try decode(input.extracting(droppingFirst: consumed))
            consumed += step.consumed
            if step.produced > 0 { try sink(buffer.span.extracting(first: step.produced)) }
            // With a full buffer, zlib may hold back output for which it needs no more input.
            isFull = step.produced == Self.bufferSize && !isWhole
        }
        return isWhole
    }

    private mutating func decode(_ input: Span<UInt8>) throws(Failure) -> (consumed: Int, produced: Int) {
        let stream = unsafe self.stream
        let given = UInt32(clamping: input.count)
        let room = UInt32(clamping: buffer.count)
        let code = unsafe input.withUnsafeBufferPointer { source in
            unsafe buffer.withUnsafeMutableBufferPointer { target in
                // zlib reads at most `avail_in` bytes and writes at most `avail_out` bytes, and does not
                // write to its input. The pointers are valid only inside this closure.
                unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
                unsafe stream.pointee.avail_in = given
                unsafe stream.pointee.next_out = target.baseAddress
                unsafe stream.pointee.avail_out = room
                defer {
                    unsafe stream.pointee.next_in = nil
                    unsafe stream.pointee.next_out = nil
                }
                return unsafe inflate(stream, Z_NO_FLUSH)
            }
        }
        isWhole = code == Z_STREAM_END
        // Without input, zlib has nothing to do once all output has been made.
        guard code == Z_OK || isWhole || (code == Z_BUF_ERROR && input.isEmpty) else {
            throw Failure(code: code)
        }
        return unsafe (Int(given - stream.pointee.avail_in), Int(room - stream.pointee.avail_out))
    }
}
