import SystemPackage

/// A file without a name, beside an archive that is being made.
///
/// The file is gone when nobody has it open any more. The type is a class, because the file has several
/// holders.
final class ScratchFile: Sendable {
    private let temporary: TemporaryFile

    /// The open file.
    var file: File { _read { yield temporary.file } }

    /// Creates an empty file.
    ///
    /// - Parameter path: The archive; the file lies on the same file system.
    /// - Throws: ``CacheStoreError`` as the system says.
    init(beside path: FilePath) throws(CacheStoreError) {
        temporary = try TemporaryFile(for: path, overwrite: true)
        temporary.discard()
    }

    /// Writes all of `bytes` at `offset`.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(CacheStoreError) {
        try unsafe temporary.file.write(bytes, at: offset)
    }
}
