import Glibc
import SystemPackage

/// The directory itself, apart from its path: one directory may have many.
extension Directory {
    /// Returns the numbers that tell the directory from all others, by whatever path it was opened.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func identity() throws(CacheStoreError) -> FileStatus.Identity {
        if let entry { return entry.status.identity }
        var raw = stat()
        _ = try SystemCall.checked("examine", path) { unsafe fstat(descriptor, &raw) }
        return FileStatus(raw).identity
    }

    /// Returns the numbers that tell the directory at a path from all others, or `nil` if none can be opened
    /// there.
    ///
    /// - Throws: ``CacheStoreError`` if the machine is at fault (``CacheStoreError/isOfMachine``).
    static func identity(at path: FilePath) throws(CacheStoreError) -> FileStatus.Identity? {
        guard let directory = try Unusable.passedOver(try Directory(opening: path)) else { return nil }
        return try directory.identity()
    }

    /// Returns the numbers that tell the entry `name` from all others, or `nil` if there is no such entry.
    ///
    /// A symbolic link is followed: the numbers are those of the file at its end. In a tar, where the tree
    /// around the link may be missing, they are those of the link.
    ///
    /// - Throws: ``CacheStoreError`` if the machine is at fault (``CacheStoreError/isOfMachine``).
    func identity(of name: String) throws(CacheStoreError) -> FileStatus.Identity? {
        if let entry { return entry[name]?.status.identity }
        var raw = stat()
        let found = try Unusable.passedOver(
            try SystemCall.checked("examine", path(of: name)) { unsafe fstatat(descriptor, name, &raw, 0) }
        )
        return found.map { _ in FileStatus(raw).identity }
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
