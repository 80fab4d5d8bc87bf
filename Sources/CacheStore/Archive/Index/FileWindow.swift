import CSQLite
import Glibc

/// A part of an open file that SQLite takes for a whole database.
///
/// SQLite opens files by name. A window is named by its descriptor, so that the database may lie inside an
/// archive, or in a file that has lost its name. A window is read and written by offset and never mapped: the
/// only memory that it takes is SQLite's own page cache.
struct FileWindow {
    /// The descriptor, which must stay open as long as the database is open.
    var descriptor: CInt

    /// The offset in the file at which the database begins, in bytes.
    var offset = 0

    /// The length of the database in bytes, if the database is only read.
    ///
    /// For a database that is to be written, the length is `nil`: such a database has the length of the file.
    var size: Int?

    /// The name of the SQLite file system that opens windows; ``isRegistered`` registers that system.
    static let systemName = "castore"

    /// The window in the form of a file name.
    var name: String { "\(descriptor) \(offset) \(size ?? -1)" }

    fileprivate init?(name: String) {
        let fields = name.split(separator: " ").compactMap { Int($0) }
        guard fields.count == 3, let descriptor = CInt(exactly: fields[0]) else { return nil }
        (self.descriptor, offset, size) = (descriptor, fields[1], fields[2] < 0 ? nil : fields[2])
    }

    /// Creates a window.
    init(descriptor: CInt, offset: Int = 0, size: Int? = nil) {
        (self.descriptor, self.offset, self.size) = (descriptor, offset, size)
    }

    /// Whether SQLite knows the file system that opens windows; it is registered once per process.
    static let isRegistered: Bool = {
        guard let standard = unsafe sqlite3_vfs_find(nil) else { return false }
        let system = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
        unsafe system.initialize(to: standard.pointee)
        unsafe system.pointee.pNext = nil
        unsafe system.pointee.zName = UnsafePointer(strdup(systemName))
        unsafe system.pointee.szOsFile = CInt(MemoryLayout<OpenWindow>.stride)
        unsafe system.pointee.xOpen = openWindow
        // No journal lies beside the database.
        unsafe system.pointee.xAccess = { _, _, _, answer in
            unsafe answer?.pointee = 0
            return SQLITE_OK
        }
        unsafe system.pointee.xDelete = { _, _, _ in SQLITE_OK }
        unsafe system.pointee.xFullPathname = { _, name, room, target in
            guard let name = unsafe name, let target = unsafe target, unsafe strlen(name) < Int(room) else {
                return SQLITE_CANTOPEN
            }
            unsafe strcpy(target, name)
            return SQLITE_OK
        }
        return unsafe sqlite3_vfs_register(system, 0) == SQLITE_OK
    }()
}

/// SQLite's extended result codes.
///
/// SQLite's header defines them by expressions that Swift does not see.
private enum Failure {
    static let read = SQLITE_IOERR | 1 << 8
    static let shortRead = SQLITE_IOERR | 2 << 8
    static let write = SQLITE_IOERR | 3 << 8
    static let truncate = SQLITE_IOERR | 6 << 8
    static let status = SQLITE_IOERR | 7 << 8
}

/// The data that SQLite keeps for an open window.
///
/// SQLite demands that its own field comes first.
@safe private struct OpenWindow {
    var base: sqlite3_file
    var descriptor: CInt
    var offset: Int
    /// The length in bytes, or -1 for the length of the file.
    var size: Int
    /// The `errno` of the system call that failed last, or 0.
    ///
    /// SQLite does not ask for it where a write fails at the end of a transaction.
    var failure: CInt = 0
}

private func openWindow(
    _ system: UnsafeMutablePointer<sqlite3_vfs>?,
    _ name: UnsafePointer<CChar>?,
    _ file: UnsafeMutablePointer<sqlite3_file>?,
    _ flags: CInt,
    _ outFlags: UnsafeMutablePointer<CInt>?
) -> CInt {
    guard let file = unsafe file else { return SQLITE_CANTOPEN }
    unsafe file.pointee.pMethods = nil
    guard let name = unsafe name, let window = unsafe FileWindow(name: String(cString: name)) else {
        return SQLITE_CANTOPEN
    }
    unsafe UnsafeMutableRawPointer(file).assumingMemoryBound(to: OpenWindow.self).initialize(
        to: OpenWindow(
            base: sqlite3_file(pMethods: windowMethods),
            descriptor: window.descriptor,
            offset: window.offset,
            size: window.size ?? -1
        )
    )
    unsafe outFlags?.pointee = flags
    return SQLITE_OK
}

/// Calls `body` with the window to which SQLite refers.
///
/// `body` calls its second argument where a system call has failed, to keep the `errno`.
private func withWindow(
    _ file: UnsafeMutablePointer<sqlite3_file>?,
    _ body: (OpenWindow, _ failed: (CInt) -> CInt) -> CInt
) -> CInt {
    guard let file = unsafe file else { return SQLITE_IOERR }
    let window = unsafe UnsafeMutableRawPointer(file).assumingMemoryBound(to: OpenWindow.self)
    return unsafe body(window.pointee) { code in
        unsafe window.pointee.failure = errno
        return code
    }
}

/// The methods of a window.
///
/// SQLite keeps the pointer, and the memory is never freed. It is filled once, before anything can see the
/// pointer, and only read then, so it needs no lock.
nonisolated(unsafe) private let windowMethods: UnsafePointer<sqlite3_io_methods> = {
    var methods = sqlite3_io_methods()
    methods.iVersion = 1
    // The descriptor belongs to the code that created the window, so it is not closed here.
    unsafe methods.xClose = { _ in SQLITE_OK }
    unsafe methods.xRead = { file, target, count, position in
        unsafe withWindow(file) { window, failed in
            guard let target = unsafe target else { return Failure.read }
            let end = window.size < 0 ? Int.max : window.size
            let wanted = max(0, min(Int(count), end - Int(position)))
            var done = 0
            while done < wanted {
                let got = unsafe pread(
                    window.descriptor,
                    target + done,
                    wanted - done,
                    window.offset + Int(position) + done
                )
                if got < 0, errno == EINTR { continue }
                if got < 0 { return failed(Failure.read) }
                if got == 0 { break }
                done += got
            }
            if done == Int(count) { return SQLITE_OK }
            unsafe memset(target + done, 0, Int(count) - done)
            return Failure.shortRead
        }
    }
    unsafe methods.xWrite = { file, source, count, position in
        unsafe withWindow(file) { window, failed in
            guard window.size < 0, let source = unsafe source else { return SQLITE_READONLY }
            var done = 0
            while done < Int(count) {
                let put = unsafe pwrite(
                    window.descriptor,
                    source + done,
                    Int(count) - done,
                    window.offset + Int(position) + done
                )
                if put < 0, errno == EINTR { continue }
                if put < 0 {
                    return failed(errno == ENOSPC || errno == EDQUOT ? SQLITE_FULL : Failure.write)
                }
                done += put
            }
            return SQLITE_OK
        }
    }
    unsafe methods.xTruncate = { file, size in
        unsafe withWindow(file) { window, failed in
            guard window.size < 0 else { return SQLITE_READONLY }
            let end = window.offset + Int(size)
            return ftruncate(window.descriptor, end) == 0 ? SQLITE_OK : failed(Failure.truncate)
        }
    }
    unsafe methods.xSync = { _, _ in SQLITE_OK }
    unsafe methods.xFileSize = { file, size in
        unsafe withWindow(file) { window, failed in
            var status = stat()
            if window.size < 0, unsafe fstat(window.descriptor, &status) != 0 {
                return failed(Failure.status)
            }
            unsafe size?.pointee = Int64(window.size < 0 ? Int(status.st_size) - window.offset : window.size)
            return SQLITE_OK
        }
    }
    // Nobody else has the database open.
    unsafe methods.xLock = { _, _ in SQLITE_OK }
    unsafe methods.xUnlock = { _, _ in SQLITE_OK }
    unsafe methods.xCheckReservedLock = { _, answer in
        unsafe answer?.pointee = 0
        return SQLITE_OK
    }
    unsafe methods.xFileControl = { file, operation, answer in
        unsafe withWindow(file) { window, _ in
            guard operation == SQLITE_FCNTL_LAST_ERRNO, let answer = unsafe answer else {
                return SQLITE_NOTFOUND
            }
            unsafe answer.storeBytes(of: window.failure, as: CInt.self)
            return SQLITE_OK
        }
    }
    unsafe methods.xSectorSize = { _ in 4096 }
    unsafe methods.xDeviceCharacteristics = { _ in 0 }
    let result = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
    unsafe result.initialize(to: methods)
    return unsafe UnsafePointer(result)
}()
