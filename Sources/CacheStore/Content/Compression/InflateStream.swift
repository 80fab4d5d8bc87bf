import CZlib

/// One stream that zlib decodes, with a buffer of 128 KiB for its output.
///
/// The stream is deflate data (RFC 1951), alone or in a gzip member. Nothing in it can make the decoder trap.
@safe struct InflateStream: ~Copyable {
    /// The progress that a step has made.
    struct Step {
        /// The number of bytes of the input that were consumed.
        var consumed: Int
        /// The number of bytes of output in the buffer.
        var produced: Int
        /// Whether the stream has ended.
        var isAtEnd: Bool
    }

    /// The largest piece of output, in bytes.
    static let bufferSize = 128 << 10

    private let stream: UnsafeMutablePointer<z_stream>

    /// The output of the last step.
    private var buffer = [UInt8](repeating: 0, count: bufferSize)

    /// Prepares a stream.
    ///
    /// - Parameter windowBits: The size of the largest window as a power of two: with a minus sign for data
    ///   without header and trailer, and with 16 added for gzip.
    /// - Throws: ``ZlibError`` if zlib has no memory for the decoder.
    init(windowBits: Int32) throws(ZlibError) {
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        // zlib compares the size with that of its own `z_stream`.
        let code = unsafe inflateInit2_(
            stream,
            windowBits,
            ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size)
        )
        guard code == Z_OK else {
            unsafe stream.deallocate()
            throw ZlibError(code: code)
        }
        unsafe self.stream = stream
    }

    deinit {
        // `init` has set the stream up, and nothing else ends it.
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Begins another stream.
    ///
    /// - Throws: ``ZlibError`` if zlib can't begin.
    mutating func reset() throws(ZlibError) {
        let code = unsafe inflateReset(stream)
        guard code == Z_OK else { throw ZlibError(code: code) }
    }

    /// Decodes until the input is used up, the buffer is full or the stream ends.
    ///
    /// - Parameter input: The bytes after those that were consumed before; zlib takes up to 4 GiB at once.
    /// - Returns: The progress.
    /// - Throws: ``ZlibError``.
    mutating func decode(_ input: Span<UInt8>) throws(ZlibError) -> Step {
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
        // Without input, zlib has nothing to do once all output has been made.
        guard code == Z_OK || code == Z_STREAM_END || (code == Z_BUF_ERROR && input.isEmpty) else {
            // zlib's messages are constants that end in a NUL.
            let message = unsafe stream.pointee.msg.map { unsafe String(cString: $0) }
            throw ZlibError(code: code, message: message)
        }
        // zlib only lowers the two numbers.
        return unsafe Step(
            consumed: Int(given - stream.pointee.avail_in),
            produced: Int(room - stream.pointee.avail_out),
            isAtEnd: code == Z_STREAM_END
        )
    }

    /// Shows the output of the last step, which may not be empty, to a function.
    func showOutput(of step: Step, to body: (Span<UInt8>) throws -> Void) rethrows {
        try body(buffer.span.extracting(first: step.produced))
    }
}
