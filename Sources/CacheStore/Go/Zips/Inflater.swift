import CZlib

/// A decoder of deflate streams (RFC 1951) with bounded memory: zlib's, with a window of 32 KiB, and a
/// buffer of 128 KiB.
///
/// A stream arrives in pieces of any size. Its output goes to a sink as soon as it is decoded:
///
/// ```swift
/// var inflater = try Inflater()
/// try inflater.begin(expectedSize: 1453)
/// try inflater.append(piece, into: sink)
/// try inflater.finish()
/// ```
///
/// One decoder serves any number of streams, one after the other, also after an error. Nothing in a stream
/// can make the decoder trap: a stream that is not deflate, is cut short or has another size than expected
/// results in a ``ZipError``.
@safe struct Inflater: ~Copyable {
    /// The largest piece of output, in bytes.
    static let bufferSize = 128 * 1024

    /// The size of the largest window, as a power of two, with a minus sign.
    ///
    /// The sign tells zlib that a stream has neither header nor trailer.
    private static let windowBits: Int32 = -15

    private let stream: UnsafeMutablePointer<z_stream>

    /// The output of the last call of zlib.
    private var buffer = [UInt8](repeating: 0, count: bufferSize)

    /// The number of bytes of output that are still to come.
    private var remaining = 0

    /// Whether the end of the stream has been decoded.
    private var isAtEnd = true

    /// Creates a decoder.
    ///
    /// - Throws: ``CacheStoreError`` if zlib has no memory for the decoder.
    init() throws {
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        // zlib compares the size with that of its own `z_stream`.
        let code = unsafe inflateInit2_(
            stream,
            Self.windowBits,
            ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size)
        )
        guard code == Z_OK else {
            unsafe stream.deallocate()
            throw Self.failure(code, nil)
        }
        unsafe self.stream = stream
    }

    deinit {
        // `init` has set the stream up, and nothing else ends it.
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Begins the next stream.
    ///
    /// - Parameter expectedSize: The size of its output in bytes; at least 0.
    /// - Throws: ``CacheStoreError`` if zlib cannot begin.
    mutating func begin(expectedSize: Int) throws {
        let code = unsafe inflateReset(stream)
        guard code == Z_OK else { throw Self.failure(code, nil) }
        remaining = expectedSize
        isAtEnd = false
    }

    /// Decodes the next piece of the stream.
    ///
    /// When an error is thrown, `sink` may have received some of the output, but never more than the expected
    /// size.
    ///
    /// - Parameters:
    ///   - input: The next piece.
    ///   - sink: Called with the pieces of the output, none of them empty, in order.
    /// - Throws: ``ZipError`` if the stream is not deflate, goes on after its end or gets longer than
    ///   expected, ``CacheStoreError`` if zlib has no memory, or the error of `sink`.
    /// - Complexity: O(*n* + *m*) in the lengths of input and output.
    mutating func append(_ input: Span<UInt8>, into sink: (Span<UInt8>) throws -> Void) throws {
        var consumed = 0
        var isFull = false
        while consumed < input.count || isFull {
            guard !isAtEnd else { throw ZipError("Compressed data goes on after its end") }
            let step = try decode(input.extracting(droppingFirst: consumed))
            consumed += step.consumed
            guard step.produced <= remaining else { throw ZipError("Content is longer than its size") }
            remaining -= step.produced
            if step.produced > 0 { try sink(buffer.span.extracting(first: step.produced)) }
            // With a full buffer, zlib may hold back output for which it needs no more input.
            isFull = step.produced == Self.bufferSize && !isAtEnd
        }
    }

    /// Ends the stream.
    ///
    /// - Throws: ``ZipError`` if the stream does not end here, or is shorter than expected.
    func finish() throws(ZipError) {
        guard isAtEnd else { throw ZipError("Compressed data is cut short") }
        guard remaining == 0 else { throw ZipError("Content is shorter than its size") }
    }

    /// Decodes until the input is used up, the buffer is full or the stream ends.
    ///
    /// - Parameter input: The bytes after those that were consumed before; zlib takes up to 4 GiB at once.
    /// - Returns: The number of bytes of the input that were consumed, and of the buffer that are output.
    /// - Throws: The errors of ``append(_:into:)``, except those of its sink.
    private mutating func decode(_ input: Span<UInt8>) throws -> (consumed: Int, produced: Int) {
        let stream = unsafe self.stream
        let given = UInt32(clamping: input.count)
        let room = UInt32(clamping: buffer.count)
        let code = unsafe input.withUnsafeBufferPointer { source in
            unsafe buffer.withUnsafeMutableBufferPointer { target in
                // zlib reads at most `avail_in` bytes and writes at most `avail_out` bytes. Neither exceeds
                // the size of its buffer, since clamping can only lower a number. zlib does not write to
                // its input.
                unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
                unsafe stream.pointee.avail_in = given
                unsafe stream.pointee.next_out = target.baseAddress
                unsafe stream.pointee.avail_out = room
                // The pointers are valid only inside this closure.
                defer {
                    unsafe stream.pointee.next_in = nil
                    unsafe stream.pointee.next_out = nil
                }
                return unsafe inflate(stream, Z_NO_FLUSH)
            }
        }
        switch code {
        case Z_OK: break
        case Z_STREAM_END: isAtEnd = true
        // All output has been made already: the next step needs input.
        case Z_BUF_ERROR where input.isEmpty: break
        default:
            // zlib's messages are constants that end in a NUL.
            throw Self.failure(code, unsafe stream.pointee.msg.map { unsafe String(cString: $0) })
        }
        // zlib only lowers the two numbers.
        return unsafe (Int(given - stream.pointee.avail_in), Int(room - stream.pointee.avail_out))
    }

    /// Returns the error for a code that zlib returned.
    ///
    /// - Parameters:
    ///   - code: A code other than `Z_OK`.
    ///   - message: The reason in zlib's words, if there is one.
    /// - Returns: A ``ZipError`` if the data is at fault, otherwise a ``CacheStoreError``: a lack of memory
    ///   says nothing about the data.
    static func failure(_ code: Int32, _ message: String?) -> any Error {
        switch code {
        case Z_DATA_ERROR, Z_NEED_DICT:
            ZipError("Compressed data is damaged" + (message.map { ": \($0)" } ?? ""))
        case Z_MEM_ERROR: CacheStoreError(.io, "cannot decompress: there is no memory for it")
        default: CacheStoreError(.io, "cannot decompress (zlib: error \(code))")
        }
    }
}
