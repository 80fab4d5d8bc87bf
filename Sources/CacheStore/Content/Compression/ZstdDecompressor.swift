import CZstd

/// A zstd decompression context, one per worker.
@safe package struct ZstdDecompressor: ~Copyable {
    private let context: OpaquePointer

    /// Creates a context.
    ///
    /// - Throws: ``ZstdError`` if libzstd has no memory for the context.
    package init() throws(ZstdError) {
        guard let context = unsafe ZSTD_createDCtx() else {
            throw ZstdError(code: ZSTD_error_memory_allocation.rawValue)
        }
        unsafe self.context = context
    }

    deinit { unsafe ZSTD_freeDCtx(context) }

    /// Replaces the bytes in `content` with the content of `frame`.
    ///
    /// The method allocates memory for `size` bytes and no more, whatever the frame states.
    ///
    /// - Parameters:
    ///   - frame: Exactly one zstd frame.
    ///   - size: The length that the content must have, in bytes.
    ///   - content: The buffer to fill; its capacity is reused.
    /// - Returns: Whether `frame` is one whole frame and its content has that length.
    /// - Throws: ``ZstdError`` if the frame is damaged.
    package func decode(
        _ frame: Span<UInt8>,
        size: Int,
        into content: inout [UInt8]
    ) throws(ZstdError) -> Bool {
        content.removeAll(keepingCapacity: true)
        var isWhole = false
        try content.append(addingCapacity: size) { (target: inout OutputSpan<UInt8>) throws(ZstdError) in
            try unsafe target.withUnsafeMutableBufferPointer { (buffer, count) throws(ZstdError) in
                isWhole = try unsafe decode(frame, size: size, to: buffer, count: &count)
            }
        }
        return isWhole
    }

    private func decode(
        _ frame: Span<UInt8>,
        size: Int,
        to buffer: UnsafeMutableBufferPointer<UInt8>,
        count: inout Int
    ) throws(ZstdError) -> Bool {
        var isWhole = false
        let result = unsafe frame.withUnsafeBytes { source -> Int in
            let stated = unsafe ZSTD_getFrameContentSize(source.baseAddress, source.count)
            let length = unsafe ZSTD_findFrameCompressedSize(source.baseAddress, source.count)
            isWhole = stated == UInt64(size) && length == source.count
            guard isWhole else { return 0 }
            // The buffer may be larger than asked for. libzstd is told `size`, and the buffer holds at least
            // that many bytes.
            return unsafe ZSTD_decompressDCtx(
                context,
                buffer.baseAddress,
                min(buffer.count, size),
                source.baseAddress,
                source.count
            )
        }
        count = try ZstdError.check(result)
        return isWhole && count == size
    }

    /// Returns whether a frame begins as frames of an archive do: with its content size and a checksum,
    /// without a dictionary, and with a window of at most 8 MiB (RFC 8878, 3.1.1.1).
    static func isAllowed(_ frame: Span<UInt8>) -> Bool {
        guard frame.count > 5, magic.indices.allSatisfy({ frame[$0] == magic[$0] }) else {
            return false
        }
        let descriptor = frame[4]
        let isSingleSegment = descriptor & 0b10_0000 != 0
        guard descriptor & 0b1110_0000 != 0, descriptor & 0b100 != 0, descriptor & 0b11 == 0 else {
            return false
        }
        // The window of a single segment is its content.
        guard !isSingleSegment else { return true }
        let base = 1 << (10 + Int(frame[5] >> 3))
        return base + base / 8 * Int(frame[5] & 7) <= FormatLimits.chunkSize
    }

    private static let magic: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD]
}
