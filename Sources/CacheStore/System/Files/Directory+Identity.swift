import Glibc
import SystemPackage

/// The directory itself, apart from its path: one directory may have many.
extension Directory {
    /// Returns the numbers that tell the directory from all others, by whatever path it was opened.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func identity() throws(CacheStoreError) -> FileStatus.Identity {
        var raw = stat()
        _ = try SystemCall.checked("examine", path) { unsafe fstat(descriptor, &raw) }
        return FileStatus(raw).identity
    }

    /// Returns the numbers that tell the directory at a path from all others, or `nil` if none can be opened
    /// there.
    static func identity(at path: FilePath) -> FileStatus.Identity? {
        do {
            let directory = try Directory(opening: path)
            return try directory.identity()
        } catch {
            return nil
        }
    }

    /// Returns the numbers that tell the entry `name` from all others, or `nil` if there is no such entry.
    ///
    /// A symbolic link is followed: the numbers are those of the file at its end.
    func identity(of name: String) -> FileStatus.Identity? {
        var raw = stat()
        guard (try? SystemCall.run { unsafe fstatat(descriptor, name, &raw, 0) }) != nil else { return nil }
        return FileStatus(raw).identity
    }

    /// Opens the directory once more, as a file that can be locked.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func lockFile() throws(CacheStoreError) -> File {
        let copy = try SystemCall.checked("open the directory", path) {
            unsafe openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        }
        return File(owning: copy, path: path)
    }
}
