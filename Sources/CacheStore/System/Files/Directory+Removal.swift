import Glibc
import SystemPackage

extension Directory {
    /// Removes `name` and everything below it, read-only directories too; a missing entry is no error.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func removeAll(_ name: String) throws(CacheStoreError) {
        guard let found = try status(of: name) else { return }
        guard found.kind == .directory else { return try remove(name) }
        if let inner = try directory(name) {
            if found.mode & 0o700 != 0o700 { try inner.setMode(0o700) }
            try inner.removeContent()
        }
        _ = try SystemCall.checked("remove the directory", path(of: name)) {
            unsafe unlinkat(descriptor, name, AT_REMOVEDIR)
        }
    }

    /// Removes an entry whose name is not UTF-8, and everything below it.
    ///
    /// - Parameter path: The path of the entry, whose last element is the name: see ``names()``.
    /// - Throws: ``CacheStoreError`` as the system says.
    func removeAll(at path: FilePath) throws(CacheStoreError) {
        guard let name = path.lastComponent else { return }
        do throws(Errno) {
            _ = try SystemCall.run {
                unsafe name.withPlatformString { unsafe unlinkat(descriptor, $0, 0) }
            }
            return
        } catch {
            if error == .noSuchFileOrDirectory { return }
            guard error == .isDirectory else { throw .system(error, "remove", path) }
        }
        _ = try SystemCall.checked("change the mode of", path) {
            unsafe name.withPlatformString { unsafe fchmodat(descriptor, $0, 0o700, AT_SYMLINK_NOFOLLOW) }
        }
        try Directory(opening: path).removeContent()
        _ = try SystemCall.checked("remove the directory", path) {
            unsafe name.withPlatformString { unsafe unlinkat(descriptor, $0, AT_REMOVEDIR) }
        }
    }

    /// Removes everything in the directory.
    private func removeContent() throws(CacheStoreError) {
        let (names, others) = try names()
        for name in names { try removeAll(name) }
        for path in others { try removeAll(at: path) }
    }
}
