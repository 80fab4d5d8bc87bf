package import SystemPackage

/// The content of a small file, read at once.
package enum WholeFile {
    /// Returns the content of a file.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - limit: The greatest number of bytes to return.
    /// - Returns: The first `limit` bytes of the file, or all of them.
    /// - Throws: ``CacheStoreError`` as the system says.
    package static func bytes(of path: FilePath, limit: Int) throws(CacheStoreError) -> [UInt8] {
        try File(reading: path).bytes(count: limit)
    }
}
