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

    /// Writes a small file that other programs read, so that these never see a part of it.
    ///
    /// The file appears under its name only when it is whole, and anyone may read it, whatever the umask. A
    /// file that has the name is replaced.
    ///
    /// - Parameters:
    ///   - text: The content.
    ///   - path: The file.
    /// - Throws: ``CacheStoreError`` as the system says, or if a directory, link or device has the name.
    package static func publish(_ text: String, at path: FilePath) throws(CacheStoreError) {
        let file = try TemporaryFile(for: path, overwrite: true)
        try file.file.write(Array(text.utf8).span, at: 0)
        try file.file.setMode(0o644)
        try file.publish(overwrite: true)
    }
}
