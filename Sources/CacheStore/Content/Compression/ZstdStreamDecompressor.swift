import CZstd

/// A decoder of a sequence of zstd frames with bounded memory: libzstd's, with a window of at most 128 MiB
/// unless the caller allows more, and a buffer of 128 KiB.
///
/// Nothing in the frames can make the decoder trap. Skippable frames have no content.
@safe struct ZstdStreamDecompressor: ~Copyable {
    /// The largest piece of output, in bytes.
    private static let bufferSize = 128 << 10

    /// The largest window that libzstd takes unless told otherwise, 128 MiB, as a power of two.
    static let usualWindow: Int32 = 27

    private let context: OpaquePointer
    private var buffer = [UInt8](repeating: 0, count: bufferSize)

    /// Whether the input so far ends with a whole frame.
    private var isWhole = true

    /// Creates a decoder.
    ///
    /// - Parameter longestWindow: The size of the largest window, as a power of two.
    /// - Throws: ``ZstdError`` if libzstd has no memory for the decoder, or knows no window of that size.
    init(longestWindow: Int32 = usualWindow) throws(ZstdError) {
        guard let context = unsafe ZSTD_createDCtx() else {
            throw ZstdError(code: ZSTD_error_memory_allocation.rawValue)
        }
        let result = unsafe ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, longestWindow)
        guard ZSTD_isError(result) == 0 else {
            unsafe ZSTD_freeDCtx(context)
            throw ZstdError(code: ZSTD_getErrorCode(result).rawValue)
        }
        unsafe self.context = context
    }

    deinit { unsafe ZSTD_freeDCtx(context) }

    /// Decodes the next piece of the sequence.
    ///
    /// - Parameters:
    ///   - input: The next piece.
    ///   - sink: Called with the pieces of the content, none of them empty, in order.
    /// - Returns: Whether the input so far ends with a whole frame.
    /// - Throws: ``ZstdError``, or the error of `sink`.
    /// - Complexity: O(*n* + *m*) in the lengths of input and content.
    mutating func append(_ input: Span<UInt8>, into sink: (Span<UInt8>) throws -> Void) throws -> Bool {
        var consumed = 0
        var isFull = false
        while consumed < input.count || isFull {
            let produced = try decode(input, from: &consumed)
            if produced > 0 { try sink(buffer.span.extracting(first: produced)) }
            isFull = produced == Self.bufferSize
        }
        return isWhole
    }

    private mutating func decode(_ input: Span<UInt8>, from consumed: inout Int) throws(ZstdError) -> Int {
        let start = consumed
        let (result, position, produced) = unsafe input.withUnsafeBytes { source in
            unsafe buffer.withUnsafeMutableBytes { target in
                // libzstd keeps to the lengths of both buffers.
                var from = unsafe ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: start)
                var to = unsafe ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
                let result = unsafe ZSTD_decompressStream(context, &to, &from)
                return unsafe (result, from.pos, to.pos)
            }
        }
        let isIdle = position == start && produced == 0
        let hint = try ZstdError.check(result)
        // A call without input after a whole frame asks for the header of the next one.
        if !isIdle { isWhole = hint == 0 }
        consumed = position
        return produced
    }
}
