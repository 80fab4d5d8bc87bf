import Glibc
import SystemPackage

/// Making directories and files.
extension Directory {
    /// Creates a directory and the missing directories above it, and opens it.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    static func creating(_ path: FilePath) throws(CacheStoreError) -> Directory {
        do {
            return try Directory(opening: path)
        } catch  where error.code == .notFound {
            let parent = path.removingLastComponent()
            if !parent.isEmpty, parent != path { _ = try creating(parent) }
            var isNew = true
            do throws(Errno) {
                _ = try SystemCall.run { unsafe path.withPlatformString { unsafe Glibc.mkdir($0, 0o755) } }
            } catch {
                guard error == .fileExists else { throw .system(error, "create the directory", path) }
                isNew = false
            }
            do throws(CacheStoreError) {
                let made = try Directory(opening: path)
                if isNew, Umask.hides(0o755) { try made.setMode(0o755) }
                return made
            } catch {
                guard !isNew, error.code == .notFound else { throw error }
                throw CacheStoreError(
                    .notFound,
                    "a symbolic link that leads nowhere stands where a directory should be",
                    path: path,
                    remedy: .removeObstacle
                )
            }
        }
    }

    /// Opens the directory `name`, and creates it first if it is missing.
    ///
    /// A new directory gets the given mode, whatever the umask.
    ///
    /// - Throws: ``CacheStoreError`` as the system says, with code ``CacheStoreError/Code/symbolicLink`` for
    ///   a symbolic link.
    func creatingDirectory(
        _ name: String,
        mode: mode_t = 0o755,
        shownAs shown: ShownPath? = nil
    ) throws(CacheStoreError) -> Directory {
        let shownPath = shown ?? ShownPath(name, in: shownPath)
        if let there = try directory(name, shownAs: shownPath) { return there }
        var isNew = true
        do throws(Errno) {
            _ = try SystemCall.run { unsafe mkdirat(descriptor, name, mode) }
        } catch {
            guard error == .fileExists else { throw .system(error, "create the directory", shownPath.path) }
            isNew = false
        }
        guard let made = try directory(name, shownAs: shownPath) else {
            throw .system(.noSuchFileOrDirectory, "open the directory", shownPath.path)
        }
        if isNew, Umask.hides(mode) { try made.setMode(mode) }
        return made
    }

    /// Opens the directory at a path below this one, and creates the elements that are missing.
    ///
    /// - Parameters:
    ///   - elements: The elements of the path; none for the directory itself.
    ///   - mode: The permission bits of new directories, whatever the umask.
    /// - Returns: The directory.
    /// - Throws: The errors of ``creatingDirectory(_:mode:)``.
    func creatingDirectory(
        at elements: some Collection<String>,
        mode: mode_t = 0o755
    ) throws(CacheStoreError) -> Directory {
        var current = try creatingDirectory(elements.first ?? ".", mode: mode)
        for element in elements.dropFirst() { current = try current.creatingDirectory(element, mode: mode) }
        return current
    }

    /// Creates the file `name` for writing.
    ///
    /// - Parameters:
    ///   - name: The name of the file.
    ///   - mode: The permission bits, whatever the umask.
    ///   - replacing: Whether a file that is there is emptied; otherwise such a file is an error. A file of
    ///     another user keeps its mode.
    ///   - shown: The path of the file in messages, if it is another than that of `name`.
    /// - Returns: The file, open for reading and writing.
    /// - Throws: ``CacheStoreError`` as the system says.
    func creatingFile(
        _ name: String,
        mode: mode_t,
        replacing: Bool = false,
        shownAs shown: FilePath? = nil
    ) throws(CacheStoreError) -> File {
        let path = shown ?? path(of: name)
        let flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | (replacing ? O_TRUNC : O_EXCL)
        let opened = try SystemCall.checked("create", path) {
            unsafe openat(descriptor, name, flags, mode)
        }
        let file = File(owning: opened, path: path)
        do throws(CacheStoreError) {
            if Umask.hides(mode) { try file.setMode(mode) }
        } catch {
            guard replacing, error.code == .permissionDenied else { throw error }
        }
        return file
    }
}
