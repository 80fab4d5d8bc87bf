import Foundation
import Glibc
import SystemPackage

@testable import CacheStore

/// Short functions for files in tests.
///
/// These functions follow symbolic links, so they are not for names in archives.
enum Files {
    /// Returns the bytes of a file.
    static func bytes(_ path: FilePath) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(filePath: path.string)))
    }

    /// Returns the SHA-256 of a file, which is short to print where two files differ.
    static func id(_ path: FilePath) throws -> ObjectID { try id(path.string) }

    /// Returns the SHA-256 of a file.
    static func id(_ path: String) throws -> ObjectID {
        // The compiler (6.3.1) makes broken code of these two lines as one expression.
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
        return ContentHasher.hash(bytes.span)
    }

    /// Writes a file, and the directories above it.
    static func write(_ bytes: [UInt8], to path: FilePath, mode: mode_t = 0o644) throws {
        try makeDirectory(path.removingLastComponent())
        // A conversion to a string would change a name that is not UTF-8.
        let flags = O_WRONLY | O_CREAT | O_TRUNC
        try write(bytes, mode, unsafe path.withPlatformString { unsafe open($0, flags, mode) })
    }

    /// Writes a file to a directory that exists.
    ///
    /// The path is a string, because debug builds are slow to make a `FilePath`.
    static func write(_ bytes: [UInt8], to path: String, mode: mode_t) throws {
        try write(bytes, mode, unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC, mode))
    }

    private static func write(_ bytes: [UInt8], _ mode: mode_t, _ opened: CInt) throws {
        let file = FileDescriptor(rawValue: try check(opened))
        defer { try? file.close() }
        try file.writeAll(bytes)
        _ = try check(fchmod(file.rawValue, mode))
    }

    /// Makes a directory and the directories above it.
    static func makeDirectory(_ path: FilePath) throws {
        try FileManager.default.createDirectory(atPath: path.string, withIntermediateDirectories: true)
    }

    /// Sets the modification time, in seconds since 1970.
    static func setTime(_ seconds: Int, of path: String) throws {
        var stamp = utimbuf(actime: seconds, modtime: seconds)
        _ = try check(unsafe utime(path, &stamp))
    }

    /// Makes a symbolic link.
    static func link(_ path: FilePath, to target: FilePath) throws {
        try makeDirectory(path.removingLastComponent())
        _ = try check(unsafe symlink(target.string, path.string))
    }

    /// Makes a FIFO.
    static func makeFIFO(_ path: FilePath) throws {
        try makeDirectory(path.removingLastComponent())
        _ = try check(unsafe mkfifo(path.string, 0o644))
    }

    /// Makes the file of a Unix-domain socket.
    static func makeSocket(_ path: FilePath) throws {
        try makeDirectory(path.removingLastComponent())
        _ = try check(unsafe mknod(path.string, S_IFSOCK | 0o644, 0))
    }

    /// Removes a file or a link.
    static func remove(_ path: FilePath) throws {
        _ = try check(unsafe unlink(path.string))
    }

    /// Returns whether anything is at a path, including a dangling link.
    static func exists(_ path: FilePath) -> Bool {
        var raw = stat()
        return unsafe lstat(path.string, &raw) == 0
    }

    private static func check(_ result: CInt) throws -> CInt {
        guard result >= 0 else { throw Errno(rawValue: errno) }
        return result
    }
}
