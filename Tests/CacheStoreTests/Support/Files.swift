import Glibc
import SystemPackage

@testable import CacheStore

/// Short ways to files for tests. Not for names in archives: these follow links.
enum Files {
    /// The bytes of a file.
    static func bytes(_ path: FilePath) throws -> [UInt8] {
        let file = try File(reading: path)
        return try file.bytes(count: try file.status().size)
    }

    /// The SHA-256 of a file: short to print where two differ.
    static func id(_ path: FilePath) throws -> ObjectID { ContentHasher.hash(try bytes(path).span) }

    /// Writes a file, and the directories above it.
    static func write(_ bytes: [UInt8], to path: FilePath, mode: mode_t = 0o644) throws {
        try makeDirectory(path.removingLastComponent())
        let descriptor = try FileDescriptor.open(
            path,
            .writeOnly,
            options: [.create, .truncate],
            permissions: FilePermissions(rawValue: mode)
        )
        try descriptor.closeAfter { _ = try descriptor.writeAll(bytes) }
        try setMode(mode, of: path)
    }

    /// Makes a directory and those above it.
    static func makeDirectory(_ path: FilePath) throws { _ = try CacheStore.Directory.creating(path) }

    /// Sets the permission bits.
    static func setMode(_ mode: mode_t, of path: FilePath) throws {
        try check(unsafe path.withPlatformString { unsafe chmod($0, mode) }, path)
    }

    /// Sets the modification time, in seconds since 1970.
    static func setTime(_ seconds: Int, of path: FilePath) throws {
        let stamp = timespec(tv_sec: seconds, tv_nsec: 0)
        let result = unsafe path.withPlatformString { name in
            unsafe [stamp, stamp].withUnsafeBufferPointer { unsafe utimensat(AT_FDCWD, name, $0.baseAddress, 0) }
        }
        try check(result, path)
    }

    /// Makes a symbolic link.
    static func link(_ path: FilePath, to target: FilePath) throws {
        try makeDirectory(path.removingLastComponent())
        let result = unsafe path.withPlatformString { name in
            unsafe target.withPlatformString { unsafe symlink($0, name) }
        }
        try check(result, path)
    }

    /// Makes a FIFO.
    static func makeFIFO(_ path: FilePath) throws {
        try makeDirectory(path.removingLastComponent())
        try check(unsafe path.withPlatformString { unsafe mkfifo($0, 0o644) }, path)
    }

    /// Makes the file of a Unix-domain socket.
    static func makeSocket(_ path: FilePath) throws {
        try makeDirectory(path.removingLastComponent())
        try check(unsafe path.withPlatformString { unsafe mknod($0, S_IFSOCK | 0o644, 0) }, path)
    }

    /// Removes a file or a link.
    static func remove(_ path: FilePath) throws {
        try check(unsafe path.withPlatformString { unsafe unlink($0) }, path)
    }

    /// Whether there is anything at a path, a dangling link too.
    static func exists(_ path: FilePath) -> Bool {
        var raw = stat()
        return unsafe path.withPlatformString { unsafe lstat($0, &raw) } == 0
    }

    private static func check(_ result: CInt, _ path: FilePath) throws {
        guard result != 0 else { return }
        throw CacheStoreError.system(Errno(rawValue: errno), "prepare a test at", path)
    }
}
