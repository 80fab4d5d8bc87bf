import CZstd

/// A zstd compression context: the working memory for one frame at a time.
///
/// Creating a context allocates up to some MiB, so a worker makes one context and uses it for all of its
/// chunks. The context is noncopyable: it has one owner and is never shared, which is libzstd's own rule for
/// `ZSTD_CCtx`.
@safe package struct ZstdCompressor: ~Copyable {
    /// The levels that ``init(level:)`` takes.
    ///
    /// Level 1 is fast, and level 19 gives small frames. Higher levels cost memory when decoding.
    static let levels = 1...19

    /// Refuses a level that is none of ``levels``.
    ///
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/badArgument``.
    static func check(level: Int) throws(CacheStoreError) {
        guard !levels.contains(level) else { return }
        throw CacheStoreError(
            .badArgument,
            "the level is \(level), and must be \(levels.lowerBound) to \(levels.upperBound)",
            remedy: .chooseLevel
        )
    }

    private let context: OpaquePointer

    /// Creates a context whose frames carry their content's size and checksum.
    ///
    /// - Parameter level: The compression level, in ``levels``.
    /// - Throws: ``ZstdError`` if libzstd has no memory for the context.
    package init(level: Int) throws(ZstdError) {
        guard let context = unsafe ZSTD_createCCtx() else {
            throw ZstdError(code: ZSTD_error_memory_allocation.rawValue)
        }
        do throws(ZstdError) {
            try unsafe Self.set(ZSTD_c_compressionLevel, to: Int32(level), in: context)
            try unsafe Self.set(ZSTD_c_checksumFlag, to: 1, in: context)
        } catch {
            // Nothing may throw once `self` is set, so the context is freed here.
            unsafe ZSTD_freeCCtx(context)
            throw error
        }
        unsafe self.context = context
    }

    deinit { unsafe ZSTD_freeCCtx(context) }

    /// Returns `bytes` as one complete zstd frame.
    ///
    /// The same bytes and level give the same frame, with one version of libzstd.
    ///
    /// - Parameter bytes: The content of one chunk.
    /// - Returns: The frame.
    /// - Throws: ``ZstdError``.
    /// - Complexity: O(*n*).
    package func frame(_ bytes: Span<UInt8>) throws(ZstdError) -> [UInt8] {
        var result: [UInt8] = []
        try append(bytes, to: &result)
        return result
    }

    /// Appends `bytes` as one complete zstd frame to `output`.
    ///
    /// The memory of `output` is used again where it suffices.
    ///
    /// - Parameters:
    ///   - bytes: The content of one chunk.
    ///   - output: The buffer that gets the frame.
    /// - Throws: ``ZstdError``; `output` is then as it was.
    /// - Complexity: O(*n*).
    func append(_ bytes: Span<UInt8>, to output: inout [UInt8]) throws(ZstdError) {
        let bound = ZSTD_compressBound(bytes.count)
        try output.append(addingCapacity: bound) { (target: inout OutputSpan<UInt8>) throws(ZstdError) in
            try unsafe target.withUnsafeMutableBufferPointer { (buffer, count) throws(ZstdError) in
                // Both buffers are passed with their own lengths, which libzstd keeps to.
                let result = unsafe bytes.withUnsafeBytes { source in
                    unsafe ZSTD_compress2(
                        context,
                        buffer.baseAddress,
                        buffer.count,
                        source.baseAddress,
                        source.count
                    )
                }
                count = try ZstdError.check(result)
            }
        }
    }

    private static func set(
        _ parameter: ZSTD_cParameter,
        to value: Int32,
        in context: OpaquePointer
    ) throws(ZstdError) {
        _ = try unsafe ZstdError.check(ZSTD_CCtx_setParameter(context, parameter, value))
    }
}
