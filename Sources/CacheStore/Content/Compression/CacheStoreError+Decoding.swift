import SystemPackage

extension CacheStoreError {
    /// Returns the error for content that could not be decoded, although it may be sound: for want of memory,
    /// for example.
    ///
    /// - Parameters:
    ///   - failure: The failure of a decoder, which is not damage.
    ///   - path: The file that holds the content, if it is known.
    /// - Returns: An error of the machine.
    static func undecoded(_ failure: any Error, _ path: FilePath? = nil) -> Self {
        let isLackOfMemory =
            (failure as? ZlibError)?.isLackOfMemory ?? (failure as? ZstdError)?.isLackOfMemory ?? false
        let message = isLackOfMemory ? "cannot decompress: there is no memory for it" : "cannot decompress"
        let remedy: Remedy? = isLackOfMemory ? .freeMemory : nil
        return Self(.io, message, path: path, remedy: remedy, cause: failure)
    }
    /// Returns the error for content that could not be compressed, for want of memory for example.
    ///
    /// - Parameter failure: The failure of the compressor.
    /// - Returns: An error of the machine.
    static func uncompressed(_ failure: ZstdError) -> Self {
        let message =
            failure.isLackOfMemory ? "cannot compress: there is no memory for it" : "cannot compress"
        return Self(.io, message, remedy: failure.isLackOfMemory ? .freeMemory : nil, cause: failure)
    }
}
