import Glibc
package import SystemPackage

/// An open directory, through which its entries are reached (`openat(2)` and its kin).
///
/// No method follows a symbolic link in the name that it is given, so a link planted in a target can't lead
/// out of the target. Names are single path elements.
package struct Directory: ~Copyable, Sendable {
    let descriptor: CInt

    /// The place of the directory in a file, if it lies in one, for example in a tar.
    ///
    /// Such a directory has no descriptor, so that it can only be read.
    let entry: StoredTree.Entry?

    /// The path by which the directory was opened, for messages.
    var path: FilePath { shownPath.path }

    let shownPath: ShownPath

    private init(owning descriptor: CInt, path: ShownPath) {
        self.descriptor = descriptor
        entry = nil
        shownPath = path
    }

    /// Opens a directory that lies in a file.
    init(_ entry: StoredTree.Entry, path: ShownPath) {
        descriptor = -1
        self.entry = entry
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

    deinit { if entry == nil { _ = Glibc.close(descriptor) } }

    /// Returns the path of an entry, for messages.
    func path(of name: String) -> FilePath { path.appending(name) }

    // MARK: - Looking

    /// Returns the status of the entry `name`, or `nil` if there is no such entry.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func status(of name: String) throws(CacheStoreError) -> FileStatus? {
        if let entry { return entry[name]?.status }
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
        if let entry { return (entry.names, entry.invalidNames.map { path(of: $0) }) }
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
        if let entry {
            guard let found = entry[name] else { return nil }
            return Directory(try found.checked(.directory, shownPath.path), path: shownPath)
        }
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
            throw .obstacle(found, insteadOf: .directory, shownPath.path)
        }
        throw .system(cause, "open the directory", shownPath.path)
    }

    /// Opens the file `name` for reading, or returns `nil` if there is no such entry.
    ///
    /// - Throws: ``CacheStoreError`` as the system says, with code ``CacheStoreError/Code/symbolicLink`` for
    ///   a symbolic link. What is neither a file nor a link is no fault of the machine
    ///   (``CacheStoreError/isOfMachine``).
    func file(_ name: String) throws(CacheStoreError) -> File? {
        if let entry {
            guard let found = entry[name] else { return nil }
            return File(try found.checked(.regular, path(of: name)), path: path(of: name))
        }
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
            throw .obstacle(status, insteadOf: .regular, file.path)
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
