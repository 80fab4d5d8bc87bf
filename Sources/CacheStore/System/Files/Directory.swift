import Glibc
package import SystemPackage

/// An open directory, through which its entries are reached (`openat(2)` and its kin).
///
/// No method follows a symbolic link in the name that it is given, so a link planted in a target can't lead
/// out of the target. Names are single path elements.
package struct Directory: ~Copyable, Sendable {
    let descriptor: CInt

    /// The path by which the directory was opened, for messages.
    var path: FilePath { shownPath.path }

    let shownPath: ShownPath

    private init(owning descriptor: CInt, path: ShownPath) {
        self.descriptor = descriptor
        shownPath = path
    }

    /// Opens a directory; `path` itself may lead through symbolic links.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    package init(opening path: FilePath) throws(CacheStoreError) {
        let descriptor = try SystemCall.checked("open the directory", path) {
            unsafe path.withPlatformString { unsafe Glibc.open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        }
        self.init(owning: descriptor, path: ShownPath(path))
    }

    deinit { _ = Glibc.close(descriptor) }

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

    /// Returns the path of an entry, for messages.
    func path(of name: String) -> FilePath { path.appending(name) }

    // MARK: - Looking

    /// Returns the status of the entry `name`, or `nil` if there is no such entry.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func status(of name: String) throws(CacheStoreError) -> FileStatus? {
        var raw = stat()
        do throws(Errno) {
            _ = try SystemCall.run { unsafe fstatat(descriptor, name, &raw, AT_SYMLINK_NOFOLLOW) }
            return FileStatus(raw)
        } catch {
            if error == .noSuchFileOrDirectory { return nil }
            throw .system(error, "examine", path(of: name))
        }
    }

    /// Returns the names of all entries but `.` and `..`, ordered by bytes.
    ///
    /// Names that are not UTF-8 are returned in `invalid`, as paths.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func names() throws(CacheStoreError) -> (valid: [String], invalid: [FilePath]) {
        var valid: [String] = []
        var invalid: [FilePath] = []
        // A second descriptor is needed, because closedir(3) closes the one that it is given.
        let copy = try SystemCall.checked("open the directory", path) {
            unsafe openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        }
        var opened = unsafe fdopendir(copy)
        while unsafe opened == nil, errno == EINTR { unsafe opened = fdopendir(copy) }
        guard let stream = unsafe opened else {
            let cause = Errno(rawValue: errno)
            _ = Glibc.close(copy)
            throw .system(cause, "read the directory", path)
        }
        defer { unsafe closedir(stream) }
        while true {
            errno = 0
            guard let entry = unsafe readdir(stream) else {
                if errno == EINTR { continue }
                break
            }
            // d_name ends in NUL within the entry: readdir(3).
            unsafe withUnsafePointer(to: &entry.pointee.d_name) { field in
                unsafe field.withMemoryRebound(to: CChar.self, capacity: 256) { name in
                    if let text = unsafe String(validatingCString: name) {
                        if text != ".", text != ".." { valid.append(text) }
                    } else {
                        unsafe invalid.append(path.appending(FilePath(platformString: name).components))
                    }
                }
            }
        }
        if errno != 0 { throw .system(Errno(rawValue: errno), "read the directory", path) }
        valid.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        return (valid, invalid)
    }

    /// Returns the target of the symbolic link `name`, or `nil` if the target is not UTF-8 of at most 4095
    /// bytes.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func target(ofLink name: String) throws(CacheStoreError) -> String? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = try SystemCall.checked("read the link", path(of: name)) {
            unsafe buffer.withUnsafeMutableBytes { bytes in
                // readlinkat(2) writes at most as many bytes as it is told to.
                unsafe bytes.withMemoryRebound(to: CChar.self) { room -> CInt in
                    guard let start = room.baseAddress else { return 0 }
                    return unsafe CInt(clamping: readlinkat(descriptor, name, start, room.count))
                }
            }
        }
        return count < buffer.count ? String(validating: buffer.prefix(Int(count)), as: UTF8.self) : nil
    }

    // MARK: - Opening

    /// Opens the directory `name`, or returns `nil` if there is no such entry.
    ///
    /// - Throws: ``CacheStoreError`` as the system says, with code ``CacheStoreError/Code/symbolicLink`` for
    ///   a symbolic link.
    func directory(_ name: String, shownAs shown: ShownPath? = nil) throws(CacheStoreError) -> Directory? {
        let shownPath = shown ?? ShownPath(name, in: shownPath)
        let cause: Errno
        do throws(Errno) {
            let opened = try SystemCall.run {
                unsafe openat(descriptor, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            }
            return Directory(owning: opened, path: shownPath)
        } catch {
            cause = error
        }
        if cause == .noSuchFileOrDirectory { return nil }
        if cause == .notDirectory || cause == .tooManySymbolicLinkLevels,
            let found = try status(of: name), found.kind != .directory
        {
            throw CacheStoreError(
                found.kind == .symbolicLink ? .symbolicLink : .io,
                "a \(found.noun) stands where a directory should be",
                path: shownPath.path,
                remedy: .removeObstacle
            )
        }
        throw .system(cause, "open the directory", shownPath.path)
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

    /// Opens the file `name` for reading, or returns `nil` if there is no such entry.
    ///
    /// - Throws: ``CacheStoreError`` as the system says, with code ``CacheStoreError/Code/symbolicLink`` for
    ///   a symbolic link. What is neither a file nor a link is no fault of the machine
    ///   (``CacheStoreError/isOfMachine``).
    func file(_ name: String) throws(CacheStoreError) -> File? {
        // The open does not block: opening a FIFO would otherwise wait for a writer.
        let opened: CInt
        do throws(Errno) {
            opened = try SystemCall.run {
                unsafe openat(descriptor, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
            }
        } catch {
            if error == .noSuchFileOrDirectory { return nil }
            throw .system(error, "open", path(of: name))
        }
        let file = File(owning: opened, path: path(of: name))
        // A FIFO can't be read by offset, and a device may have no end.
        let status = try file.status()
        guard status.kind == .regular else {
            throw CacheStoreError(
                .io,
                "a \(status.noun), and not a file",
                path: file.path,
                remedy: .removeObstacle
            )
        }
        return file
    }

    /// Opens the directory at a path below this one, or returns `nil` if an element of the path is missing.
    ///
    /// - Parameter elements: The elements of the path, at least one; no element is followed as a symbolic
    ///   link.
    /// - Returns: The directory.
    /// - Throws: The errors of ``directory(_:)``.
    func directory(at elements: [String]) throws(CacheStoreError) -> Directory? {
        guard var current = try directory(elements.first ?? ".") else { return nil }
        for element in elements.dropFirst() {
            guard let inner = try current.directory(element) else { return nil }
            current = inner
        }
        return current
    }

    /// Opens the directory at a path below this one.
    ///
    /// - Parameter path: The path, with `/` between its elements; no element is followed as a symbolic link.
    /// - Returns: The directory.
    /// - Throws: The errors of ``directory(_:)``, and code ``CacheStoreError/Code/notFound`` where there is
    ///   no such directory.
    func existingDirectory(at path: String) throws(CacheStoreError) -> Directory {
        guard let found = try directory(at: path.pathElements) else {
            throw .system(.noSuchFileOrDirectory, "open the directory", self.path(below: path))
        }
        return found
    }

    /// Returns the path of an entry that lies several elements below this directory, for messages.
    func path(below relative: String) -> FilePath { path.appending(FilePath(relative).components) }

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

    /// Opens the file at a path below this directory for reading.
    ///
    /// - Parameter path: The path, with `/` between its elements; no element is followed as a symbolic link.
    /// - Returns: The file.
    /// - Throws: ``CacheStoreError`` as the system says, with code ``CacheStoreError/Code/notFound`` where
    ///   there is no such file.
    func openFile(at path: String) throws(CacheStoreError) -> File {
        let elements = path.pathElements
        let name = elements[elements.count - 1]
        let found =
            if elements.count == 1 { try file(name) } else {
                try directory(at: Array(elements.dropLast()))?.file(name)
            }
        guard let found else {
            throw .system(.noSuchFileOrDirectory, "open", self.path(below: path))
        }
        return found
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

    // MARK: - Changing

    /// Renames `name` to `other` in this directory, and replaces a file that has the name `other`.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func rename(_ name: String, to other: String) throws(CacheStoreError) {
        _ = try SystemCall.checked("rename to", path(of: other)) {
            unsafe renameat(descriptor, name, descriptor, other)
        }
    }

    /// Removes the file or link `name`; a missing entry is no error.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func remove(_ name: String) throws(CacheStoreError) {
        do throws(Errno) {
            _ = try SystemCall.run { unsafe unlinkat(descriptor, name, 0) }
        } catch {
            if error != .noSuchFileOrDirectory { throw .system(error, "remove", path(of: name)) }
        }
    }

    /// Sets the permission bits of the directory itself.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func setMode(_ mode: mode_t) throws(CacheStoreError) {
        _ = try SystemCall.checked("change the mode of", path) { fchmod(descriptor, mode) }
    }

    /// Sets the permission bits of the entry `name`.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func setMode(of name: String, _ mode: mode_t) throws(CacheStoreError) {
        _ = try SystemCall.checked("change the mode of", path(of: name)) {
            unsafe fchmodat(descriptor, name, mode, AT_SYMLINK_NOFOLLOW)
        }
    }

    /// Creates the symbolic link `name`.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func createLink(_ name: String, to target: String) throws(CacheStoreError) {
        _ = try SystemCall.checked("create the link", path(of: name)) {
            unsafe symlinkat(target, descriptor, name)
        }
    }

    /// Sets the access and modification time of the entry `name`, in whole seconds since 1970.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func setTimes(of name: String, _ seconds: Int) throws(CacheStoreError) {
        let stamp = timespec(tv_sec: seconds, tv_nsec: 0)
        _ = try SystemCall.checked("set the time of", path(of: name)) {
            unsafe withUnsafePointer(to: (stamp, stamp)) { pair in
                unsafe pair.withMemoryRebound(to: timespec.self, capacity: 2) {
                    unsafe utimensat(descriptor, name, $0, AT_SYMLINK_NOFOLLOW)
                }
            }
        }
    }

    /// Returns the number of bytes that a user without privileges can still write to this file system
    /// (`fstatvfs(3)`).
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func freeBytes() throws(CacheStoreError) -> Int {
        var raw = statvfs()
        _ = try SystemCall.checked("examine the file system of", path) { unsafe fstatvfs(descriptor, &raw) }
        let (bytes, overflow) = raw.f_bavail.multipliedReportingOverflow(by: raw.f_frsize)
        return overflow ? Int.max : Int(clamping: bytes)
    }
}
