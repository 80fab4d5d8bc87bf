import CZstd

/// A decoder of the beginnings of zstd frames, which stops where its caller has enough.
///
/// libzstd keeps the frame's window in memory of its own: at most as much as the content.
@safe struct ZstdPrefixDecompressor: ~Copyable {
    /// The maximum number of bytes that are decoded at a time: those of a block (RFC 8878, 3.1.1.2.4).
    private static let blockSize = 128 << 10

    private let context: OpaquePointer

    /// The number of the frame's bytes that were taken so far.
    private var consumed = 0

    /// The length of the content, in bytes.
    private var size = 0

    /// Creates a decoder.
    ///
    /// - Throws: ``ZstdError`` if libzstd has no memory for the decoder.
    init() throws(ZstdError) {
        guard let context = unsafe ZSTD_createDCtx() else {
            throw ZstdError(code: ZSTD_error_memory_allocation.rawValue)
        }
        unsafe self.context = context
    }

    deinit { unsafe ZSTD_freeDCtx(context) }

    /// Begins a frame.
    ///
    /// - Parameters:
    ///   - frame: The frame, whole.
    ///   - size: The length that the content must have, in bytes.
    /// - Returns: Whether `frame` is one whole frame, and states that length. What is in its blocks may still
    ///   be damaged.
    /// - Throws: ``ZstdError``.
    mutating func begin(_ frame: Span<UInt8>, size: Int) throws(ZstdError) -> Bool {
        (consumed, self.size) = (0, size)
        _ = try ZstdError.check(unsafe ZSTD_DCtx_reset(context, ZSTD_reset_session_only))
        return unsafe frame.withUnsafeBytes { source in
            let stated = unsafe ZSTD_getFrameContentSize(source.baseAddress, source.count)
            let length = unsafe ZSTD_findFrameCompressedSize(source.baseAddress, source.count)
            return stated == UInt64(size) && length == source.count
        }
    }

    /// Decodes the next bytes of the frame's content.
    ///
    /// - Parameters:
    ///   - frame: The frame with which ``begin(_:size:)`` was called.
    ///   - count: The number of bytes that are wanted from the beginning of the content, at most its length.
    ///   - content: What the frame's content begins with, as this method left it; bytes are added until there
    ///     are `count` of them or a block more.
    /// - Returns: Whether the frame has so many bytes.
    /// - Throws: ``ZstdError`` if the frame is damaged.
    /// - Complexity: O(*n*) in the bytes that are added.
    mutating func decode(
        _ frame: Span<UInt8>,
        upTo count: Int,
        into content: inout [UInt8]
    ) throws(ZstdError) -> Bool {
        while content.count < min(count, size) {
            let before = (consumed, content.count)
            let room = min(Self.blockSize, size - content.count)
            try content.append(addingCapacity: room) { (target: inout OutputSpan<UInt8>) throws(ZstdError) in
                try unsafe target.withUnsafeMutableBufferPointer { (buffer, count) throws(ZstdError) in
                    count = try unsafe decode(frame, to: UnsafeMutableRawBufferPointer(buffer), room)
                }
            }
            // A frame that ends early has neither input nor content left.
            if (consumed, content.count) == before { return false }
        }
        return count <= size
    }

    private mutating func decode(
        _ frame: Span<UInt8>,
        to buffer: UnsafeMutableRawBufferPointer,
        _ room: Int
    ) throws(ZstdError) -> Int {
        let start = consumed
        let (result, position, produced) = unsafe frame.withUnsafeBytes { source in
            // libzstd keeps to the lengths of both buffers. The buffer may be larger than asked for.
            var from = unsafe ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: start)
            var to = unsafe ZSTD_outBuffer(dst: buffer.baseAddress, size: min(buffer.count, room), pos: 0)
            let result = unsafe ZSTD_decompressStream(context, &to, &from)
            return unsafe (result, from.pos, to.pos)
        }
        _ = try ZstdError.check(result)
        consumed = position
        return produced
    }
}
