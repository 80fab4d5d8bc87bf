import CZlib

/// A deflate context: the working memory for one gzip member at a time.
///
/// Members that follow each other form one gzip file (RFC 1952, 2.2), so each worker can make members of its
/// own.
@safe struct GzipCompressor: ~Copyable {
    /// A failure reported by zlib.
    struct Failure: Error, CustomStringConvertible {
        /// The code that zlib returned, for example −4 where it has no memory.
        let code: Int32

        var description: String { "zlib: error \(code)" }
    }

    /// The levels that ``init(level:)`` takes.
    static let levels = 1...9

    /// The number of bits of the window, 15, plus 16 to ask for a gzip header, without a name or time.
    private static let windowBits: Int32 = 15 + 16

    private let stream: UnsafeMutablePointer<z_stream>

    /// Creates a context.
    ///
    /// - Parameter level: The compression level, in ``levels``.
    /// - Throws: ``Failure`` if zlib has no memory for the context.
    init(level: Int) throws(Failure) {
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        let code = unsafe deflateInit2_(
            stream,
            Int32(level),
            Z_DEFLATED,
            Self.windowBits,
            8,
            Z_DEFAULT_STRATEGY,
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
        unsafe deflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Appends `bytes` as one complete gzip member to `output`.
    ///
    /// The memory of `output` is used again where it suffices. The same bytes and level give the same member,
    /// with one version of zlib.
    ///
    /// - Parameters:
    ///   - bytes: The content, at most 1 GiB.
    ///   - output: The buffer that gets the member.
    /// - Throws: ``Failure``; `output` is then as it was.
    /// - Complexity: O(*n*).
    func append(_ bytes: Span<UInt8>, to output: inout [UInt8]) throws(Failure) {
        let reset = unsafe deflateReset(stream)
        guard reset == Z_OK else { throw Failure(code: reset) }
        let bound = Int(unsafe deflateBound(stream, UInt(bytes.count)))
        try output.append(addingCapacity: bound) { (target: inout OutputSpan<UInt8>) throws(Failure) in
            try unsafe target.withUnsafeMutableBufferPointer { (buffer, count) throws(Failure) in
                // Both buffers are passed with their own lengths, which zlib keeps to. zlib does not write to
                // its input.
                let code = unsafe bytes.withUnsafeBytes { source in
                    unsafe stream.pointee.next_in = UnsafeMutablePointer(
                        mutating: source.bindMemory(to: UInt8.self).baseAddress
                    )
                    unsafe stream.pointee.avail_in = UInt32(source.count)
                    unsafe stream.pointee.next_out = buffer.baseAddress
                    unsafe stream.pointee.avail_out = UInt32(buffer.count)
                    return unsafe deflate(stream, Z_FINISH)
                }
                guard code == Z_STREAM_END else { throw Failure(code: code) }
                count = unsafe buffer.count - Int(stream.pointee.avail_out)
            }
        }
    }
}
