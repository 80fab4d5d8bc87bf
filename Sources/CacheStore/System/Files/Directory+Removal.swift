import Glibc
import SystemPackage

extension Directory {
    /// Removes `name` and everything below it, read-only directories too; a missing entry is no error.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func removeAll(_ name: String) throws(CacheStoreError) {
        // A file is removed without a descriptor, of which there may be none left.
        guard let found = try status(of: name) else { return }
        guard found.kind == .directory else { return try remove(name) }
        try removeAll([name])
    }

    /// Removes some entries and everything below them, with the stack and descriptors of a single level.
    private func removeAll(_ names: [String]) throws(CacheStoreError) {
        guard let own = try directory(".", shownAs: shownPath) else { return }
        let descent = Descent(own)
        var pending = [names]
        while let last = pending.indices.last {
            if let name = pending[last].popLast() {
                if let content = try descent.deepest.directory.beginRemoval(of: name, descent) {
                    pending.append(content)
                }
            } else {
                pending.removeLast()
                guard let name = try descent.leave() else { return }
                try descent.deepest.directory.removeEmpty(name)
            }
        }
    }

    /// Removes `name` if it is no directory, and otherwise goes down to it.
    ///
    /// - Returns: The names in the directory; `nil` if nothing is left to remove.
    private func beginRemoval(of name: String, _ descent: Descent) throws(CacheStoreError) -> [String]? {
        guard let found = try status(of: name) else { return nil }
        guard found.kind == .directory else {
            try remove(name)
            return nil
        }
        guard let inner = try directory(name) else { return nil }
        if found.mode & 0o700 != 0o700 { try inner.setMode(0o700) }
        let (names, others) = try inner.names()
        for path in others { try inner.removeAll(at: path) }
        try descent.enter(name, inner)
        return names
    }

    private func removeEmpty(_ name: String) throws(CacheStoreError) {
        _ = try SystemCall.checked("remove the directory", path(of: name)) {
            unsafe unlinkat(descriptor, name, AT_REMOVEDIR)
        }
    }

    /// Removes the directory `name` if it is empty.
    ///
    /// - Returns: Whether the directory is gone.
    /// - Throws: ``CacheStoreError`` as the system says.
    func removeIfEmpty(_ name: String) throws(CacheStoreError) -> Bool {
        do throws(Errno) {
            _ = try SystemCall.run { unsafe unlinkat(descriptor, name, AT_REMOVEDIR) }
        } catch {
            if error == .directoryNotEmpty || error == .fileExists { return false }
            guard error == .noSuchFileOrDirectory else {
                throw .system(error, "remove the directory", path(of: name))
            }
        }
        return true
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
        try removeAll(names)
        for path in others { try removeAll(at: path) }
    }
}
