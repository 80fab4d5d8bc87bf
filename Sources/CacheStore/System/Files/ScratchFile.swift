import Glibc
import SystemPackage

/// A file without a name, beside an archive that is being made or in a directory for temporary files.
///
/// The file is gone when nobody has it open any more. The type is a class, because the file has several
/// holders.
final class ScratchFile: Sendable {
    /// The open file.
    let file: File

    /// Creates an empty file.
    ///
    /// - Parameter path: The archive; the file lies on the same file system.
    /// - Throws: ``CacheStoreError`` as the system says.
    init(beside path: FilePath) throws(CacheStoreError) {
        let temporary = try TemporaryFile(for: path, overwrite: true)
        file = try temporary.file.duplicate()
        temporary.discard()
    }

    /// Creates an empty file that only this user can read.
    ///
    /// - Parameter directory: The directory, which may belong to all users.
    /// - Throws: ``CacheStoreError`` as the system says.
    init(in directory: FilePath) throws(CacheStoreError) {
        let parent = try Directory(opening: directory)
        let name = TemporaryName(for: "scratch").text
        file = try parent.creatingFile(name, mode: 0o600, shownAs: directory)
        _ = unsafe unlinkat(parent.descriptor, name, 0)
    }

    /// Writes all of `bytes` at `offset`.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(CacheStoreError) {
        try unsafe file.write(bytes, at: offset)
    }
}
