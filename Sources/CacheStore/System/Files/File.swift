import CLinux
import Glibc
import SystemPackage

/// An open file, which is closed when its owner goes away.
///
/// Reads and writes are at given offsets (`pread(2)`, `pwrite(2)`), so that several threads may use one file.
struct File: ~Copyable, Sendable {
    let descriptor: CInt

    /// The path by which the file was opened, for messages.
    let path: FilePath

    /// The place of the file in another one, if it lies in one, for example in a tar.
    ///
    /// Such a file has no descriptor of its own, so that it can only be read.
    private let entry: StoredTree.Entry?

    /// The remote file that the file is a copy of, if it is one.
    let remote: RangeCopy?

    /// Takes over an open descriptor.
    init(owning descriptor: CInt, path: FilePath) {
        self.descriptor = descriptor
        self.path = path
        (entry, remote) = (nil, nil)
    }

    /// Opens the copy of a remote file, whose bytes come when they are read.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    init(_ remote: RangeCopy) throws(CacheStoreError) {
        let path = FilePath(remote.remote.name)
        descriptor = try SystemCall.checked("open", path) {
            fcntl(remote.scratch.file.descriptor, F_DUPFD_CLOEXEC, 0)
        }
        self.path = path
        (entry, self.remote) = (nil, remote)
    }

    /// Opens a file that lies in another one.
    init(_ entry: StoredTree.Entry, path: FilePath) {
        descriptor = -1
        self.path = path
        (self.entry, remote) = (entry, nil)
    }

    /// Opens a file for reading.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - followsLinks: Whether `path` may be a symbolic link.
    /// - Throws: ``CacheStoreError`` as the system says.
    init(reading path: FilePath, followsLinks: Bool = true) throws(CacheStoreError) {
        // The open does not block: opening a FIFO would otherwise wait for a writer.
        let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | (followsLinks ? 0 : O_NOFOLLOW)
        descriptor = try SystemCall.checked("open", path) {
            unsafe path.withPlatformString { unsafe Glibc.open($0, flags) }
        }
        self.path = path
        (entry, remote) = (nil, nil)
    }

    deinit { if entry == nil { _ = Glibc.close(descriptor) } }

    /// Opens the same file once more, so that another owner can hold it (`fcntl(2)`, `F_DUPFD_CLOEXEC`).
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func duplicate() throws(CacheStoreError) -> File {
        if let entry { return File(entry, path: path) }
        if let remote { return try File(remote) }
        let copy = try SystemCall.checked("open", path) { fcntl(descriptor, F_DUPFD_CLOEXEC, 0) }
        return File(owning: copy, path: path)
    }

    /// Returns the status of the file, from `fstat(2)`.
    ///
    /// A remote file tells its length only.
    func status() throws(CacheStoreError) -> FileStatus {
        if let entry { return entry.status }
        if let remote { return FileStatus(ofRemoteFileOf: remote.remote.byteCount) }
        var raw = stat()
        _ = try SystemCall.checked("examine", path) { unsafe fstat(descriptor, &raw) }
        return FileStatus(raw)
    }

    /// Fills `target` with the bytes from `offset` on, until it is full or the file ends.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func read(into target: inout OutputSpan<UInt8>, at offset: Int) throws(CacheStoreError) {
        try read(atMost: target.freeCapacity, into: &target, at: offset)
    }

    /// Appends up to `wanted` bytes from `offset` on to `target`; fewer only where it is full or the file ends.
    private func read(
        atMost wanted: Int,
        into target: inout OutputSpan<UInt8>,
        at offset: Int
    ) throws(CacheStoreError) {
        let (descriptor, path) = (entry?.tree.file.descriptor ?? self.descriptor, self.path)
        let (start, most) = entry?.range(from: offset) ?? (offset, Int.max)
        try remote?.require(offset, count: wanted)
        // `count` grows only by the number of bytes that pread(2) wrote below the buffer's own end.
        try unsafe target.withUnsafeMutableBufferPointer { (buffer, count) throws(CacheStoreError) in
            var position = start
            let end = min(buffer.count, count + min(most, wanted, buffer.count - count))
            while count < end {
                let got = try SystemCall.checked("read", path) {
                    unsafe pread(
                        descriptor,
                        buffer.baseAddress.map { unsafe $0 + count },
                        end - count,
                        position
                    )
                }
                if got == 0 { return }
                count += got
                position += got
            }
        }
    }

    /// Returns up to `count` bytes from `offset` on; fewer only where the file ends.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func bytes(at offset: Int = 0, count: Int) throws(CacheStoreError) -> [UInt8] {
        var result: [UInt8] = []
        try read(at: offset, count: count, into: &result)
        return result
    }

    /// Replaces the bytes in `buffer` with up to `count` bytes from `offset` on; fewer only where the file
    /// ends.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func read(at offset: Int, count: Int, into buffer: inout [UInt8]) throws(CacheStoreError) {
        buffer.removeAll(keepingCapacity: true)
        try append(at: offset, count: count, to: &buffer)
    }

    /// Appends up to `count` bytes from `offset` on to `buffer`; fewer only where the file ends.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func append(at offset: Int, count: Int, to buffer: inout [UInt8]) throws(CacheStoreError) {
        try buffer.append(addingCapacity: count) { (room: inout OutputSpan<UInt8>) throws(CacheStoreError) in
            try read(atMost: count, into: &room, at: offset)
        }
    }

    /// Returns the first offset, not below another one, at which the file has data and no hole (`lseek(2)`,
    /// `SEEK_DATA`).
    ///
    /// - Returns: The offset; `nil` if no data follows. It is `offset` where the file system can't tell.
    func data(from offset: Int) -> Int? {
        // The holes of a copy tell nothing about the remote file.
        if remote != nil { return offset }
        let found = lseek(descriptor, offset, SEEK_DATA)
        if found >= 0 { return max(offset, found) }
        // Any other error is one that reading finds too.
        return errno == ENXIO ? nil : offset
    }

    /// Writes all of `bytes` at `offset`.
    ///
    /// - Throws: ``CacheStoreError`` as the system says, with code ``CacheStoreError/Code/noSpace`` where the
    ///   file system has no space.
    func write(_ bytes: Span<UInt8>, at offset: Int) throws(CacheStoreError) {
        try unsafe bytes.withUnsafeBytes { (buffer) throws(CacheStoreError) in
            try unsafe write(buffer, at: offset)
        }
    }

    /// Writes all bytes of a buffer at `offset`.
    ///
    /// - Throws: The errors of ``write(_:at:)-(Span<UInt8>,_)``.
    func write(_ buffer: UnsafeRawBufferPointer, at offset: Int) throws(CacheStoreError) {
        var done = 0
        // `done` stays below the buffer's length, so each write reads inside it.
        while done < buffer.count {
            done += try SystemCall.checked("write", path) {
                unsafe pwrite(
                    descriptor,
                    buffer.baseAddress.map { unsafe $0 + done },
                    buffer.count - done,
                    offset + done
                )
            }
        }
    }

    /// Gives the room of some bytes back to the file system (`fallocate(2)`, `FALLOC_FL_PUNCH_HOLE`).
    ///
    /// Not every file system can do that. The bytes then keep their room.
    func release(_ count: Int, at offset: Int) {
        _ = fallocate(descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, Int64(offset), Int64(count))
    }

    /// Removes all bytes of the file (`ftruncate(2)`).
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func clear() throws(CacheStoreError) {
        _ = try SystemCall.checked("empty", path) { ftruncate(descriptor, 0) }
    }

    /// Asks the system to begin to write the file's bytes to the disk (`sync_file_range(2)`), without
    /// waiting.
    ///
    /// The request is a hint, which not every file system takes.
    func beginSynchronizing() { _ = sync_file_range(descriptor, 0, 0, UInt32(SYNC_FILE_RANGE_WRITE)) }

    /// Waits until the file's bytes are on the disk (`fsync(2)`).
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func synchronize() throws(CacheStoreError) {
        _ = try SystemCall.checked("write to disk", path) { fsync(descriptor) }
    }

    /// Waits until all of the file's file system is on the disk (`syncfs(2)`).
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func synchronizeFileSystem() throws(CacheStoreError) {
        _ = try SystemCall.checked("write to disk", path) { syncfs(descriptor) }
    }

    /// Sets the access and modification time, in whole seconds since 1970.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func setTimes(_ seconds: Int) throws(CacheStoreError) {
        _ = try SystemCall.checked("set the time of", path) {
            let stamp = timespec(tv_sec: seconds, tv_nsec: 0)
            return unsafe withUnsafePointer(to: (stamp, stamp)) { pair in
                unsafe pair.withMemoryRebound(to: timespec.self, capacity: 2) {
                    unsafe futimens(descriptor, $0)
                }
            }
        }
    }

    /// Sets the permission bits.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func setMode(_ mode: mode_t) throws(CacheStoreError) {
        _ = try SystemCall.checked("change the mode of", path) { fchmod(descriptor, mode) }
    }

    /// Takes an exclusive lock (`flock(2)`), and waits until others have released theirs.
    ///
    /// The lock ends with the descriptor.
    ///
    /// - Parameter check: Called several times per second while waiting; an error that it throws ends the
    ///   wait.
    /// - Throws: The error of `check`, or ``CacheStoreError`` as the system says.
    func lock(whileWaiting check: () throws -> Void) throws {
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            let cause = Errno(rawValue: errno)
            guard cause == .wouldBlock || cause == .interrupted else {
                throw CacheStoreError.system(cause, "lock", path)
            }
            try check()
            usleep(100_000)
        }
    }
}
