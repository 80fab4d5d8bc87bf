import CZstd

/// A failure reported by libzstd.
package struct ZstdError: Error, Hashable, CustomStringConvertible {
    /// The value of `ZSTD_ErrorCode`, for example 20 for corrupted data.
    let code: UInt32

    /// Whether there was no memory, which says nothing about the data.
    var isLackOfMemory: Bool { code == ZSTD_error_memory_allocation.rawValue }

    /// Whether a frame needs a larger window than the decoder takes.
    var isTooLargeWindow: Bool { code == ZSTD_error_frameParameter_windowTooLarge.rawValue }

    /// libzstd's own text for the code.
    package var description: String {
        unsafe "zstd: \(String(cString: ZSTD_getErrorString(ZSTD_ErrorCode(code))))"
    }

    /// Returns the byte count in `result`, or throws the error it encodes.
    ///
    /// Most functions of libzstd return either a size or an error; `ZSTD_isError` tells them apart.
    ///
    /// - Parameter result: The value that a libzstd function returned.
    /// - Returns: The size.
    /// - Throws: The error that `result` encodes.
    @inline(__always)
    static func check(_ result: Int) throws(ZstdError) -> Int {
        guard ZSTD_isError(result) == 0 else {
            throw ZstdError(code: ZSTD_getErrorCode(result).rawValue)
        }
        return result
    }
}
