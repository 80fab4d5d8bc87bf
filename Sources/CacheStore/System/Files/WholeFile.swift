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
    ///   - expected: The text with which a file of that name must begin to be replaced, unless it is empty.
    /// - Throws: ``CacheStoreError`` as the system says, if a directory, link or device has the name, or with
    ///   code ``CacheStoreError/Code/exists`` if a file that begins otherwise has it.
    package static func publish(
        _ text: String,
        at path: FilePath,
        replacing expected: String
    ) throws(CacheStoreError) {
        try checkContent(of: path, replacing: expected)
        let file = try TemporaryFile(for: path, overwrite: true)
        try file.file.write(Array(text.utf8).span, at: 0)
        try file.file.setMode(0o644)
        try file.publish(overwrite: true)
    }

    /// Checks that ``publish(_:at:replacing:)`` may write a file.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - expected: The text with which a file of that name must begin to be replaced, unless it is empty.
    /// - Throws: The errors of ``publish(_:at:replacing:)``, except those of writing.
    package static func check(_ path: FilePath, replacing expected: String) throws(CacheStoreError) {
        _ = try TemporaryFile.isTaken(path)
        try checkContent(of: path, replacing: expected)
    }

    private static func checkContent(
        of path: FilePath,
        replacing expected: String
    ) throws(CacheStoreError) {
        let old = try beginning(of: path, count: expected.utf8.count)
        guard old.isEmpty || old == Array(expected.utf8) else {
            throw CacheStoreError(
                .exists,
                "the file exists already and holds something else, so it was not replaced",
                path: path
            )
        }
    }

    /// Returns the first bytes of a file; none if no file has the name that could be replaced.
    private static func beginning(of path: FilePath, count: Int) throws(CacheStoreError) -> [UInt8] {
        do throws(CacheStoreError) {
            let file = try File(reading: path, followsLinks: false)
            return try file.status().kind == .regular ? file.bytes(count: count) : []
        } catch {
            // A file that nobody can look into may be anything. Other faults show when it is written.
            if error.code == .permissionDenied { throw error }
            return []
        }
    }
}
