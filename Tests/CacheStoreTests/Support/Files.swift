import Foundation
import Glibc
import SystemPackage

@testable import CacheStore

/// Short ways to files for tests. Not for names in archives: these follow links.
enum Files {
    /// The bytes of a file.
    static func bytes(_ path: FilePath) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(filePath: path.string)))
    }

    /// The SHA-256 of a file: short to print where two differ.
    static func id(_ path: FilePath) throws -> ObjectID {
        // In one expression, the compiler (6.3.1) makes broken code of it.
        let bytes = try bytes(path)
        return ContentHasher.hash(bytes.span)
    }

    /// Writes a file, and the directories above it.
    static func write(_ bytes: [UInt8], to path: FilePath, mode: mode_t = 0o644) throws {
        try makeDirectory(path.removingLastComponent())
        let descriptor = try unsafe call(path) { unsafe open($0, O_WRONLY | O_CREAT | O_TRUNC, mode) }
        let file = FileDescriptor(rawValue: descriptor)
        defer { try? file.close() }
        try file.writeAll(bytes)
        try setMode(mode, of: path)
    }

    /// Makes a directory and those above it.
    static func makeDirectory(_ path: FilePath) throws {
        try FileManager.default.createDirectory(atPath: path.string, withIntermediateDirectories: true)
    }

    /// Sets the permission bits.
    static func setMode(_ mode: mode_t, of path: FilePath) throws {
        _ = try unsafe call(path) { unsafe chmod($0, mode) }
    }

    /// Sets the modification time, in seconds since 1970.
    static func setTime(_ seconds: Int, of path: FilePath) throws {
        var stamp = utimbuf(actime: seconds, modtime: seconds)
        _ = try unsafe call(path) { unsafe utime($0, &stamp) }
    }

    /// Makes a symbolic link.
    static func link(_ path: FilePath, to target: FilePath) throws {
        try makeDirectory(path.removingLastComponent())
        _ = try unsafe call(path) { unsafe symlink(target.string, $0) }
    }

    /// Makes a FIFO.
    static func makeFIFO(_ path: FilePath) throws {
        try makeDirectory(path.removingLastComponent())
        _ = try unsafe call(path) { unsafe mkfifo($0, 0o644) }
    }

    /// Makes the file of a Unix-domain socket.
    static func makeSocket(_ path: FilePath) throws {
        try makeDirectory(path.removingLastComponent())
        _ = try unsafe call(path) { unsafe mknod($0, S_IFSOCK | 0o644, 0) }
    }

    /// Removes a file or a link.
    static func remove(_ path: FilePath) throws {
        _ = try unsafe call(path) { unsafe unlink($0) }
    }

    /// Whether there is anything at a path, a dangling link too.
    static func exists(_ path: FilePath) -> Bool {
        var raw = stat()
        return unsafe path.withPlatformString { unsafe lstat($0, &raw) } == 0
    }

    private static func call(_ path: FilePath, _ body: (UnsafePointer<CChar>) -> CInt) throws -> CInt {
        let result = unsafe path.withPlatformString { unsafe body($0) }
        guard result >= 0 else { throw Errno(rawValue: errno) }
        return result
    }
}
