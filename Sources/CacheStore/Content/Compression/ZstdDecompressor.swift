import CZstd

/// A zstd decompression context, one for each worker.
@safe package struct ZstdDecompressor: ~Copyable {
    private let context: OpaquePointer

    /// Creates a context.
    ///
    /// - Throws: ``ZstdError`` if libzstd has no memory for it.
    package init() throws(ZstdError) {
        guard let context = unsafe ZSTD_createDCtx() else {
            throw ZstdError(code: ZSTD_error_memory_allocation.rawValue)
        }
        unsafe self.context = context
    }

    deinit { unsafe ZSTD_freeDCtx(context) }

    /// Replaces what `content` holds with the content of `frame`.
    ///
    /// Memory is taken for `size` bytes and no more, whatever the frame says of itself.
    ///
    /// - Parameters:
    ///   - frame: Exactly one zstd frame.
    ///   - size: The length its content must have, in bytes.
    ///   - content: The buffer to fill; its capacity is reused.
    /// - Returns: Whether the frame is one whole frame, and its content has that length.
    /// - Throws: ``ZstdError`` if it is damaged.
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
            // The buffer may be larger than asked for: libzstd is told `size`, which it holds at least.
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
}
