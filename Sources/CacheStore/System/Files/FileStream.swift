import Glibc
import SystemPackage

/// A regular file or a pipe that is read from its beginning on.
struct FileStream: ~Copyable {
    private let file: File

    /// Opens a file or a pipe, and waits for the writer of a named pipe.
    ///
    /// - Parameters:
    ///   - path: The file or pipe.
    ///   - noun: What the file should be, for messages, as in "a log".
    /// - Throws: ``CacheStoreError`` as the system says, or with code ``CacheStoreError/Code/badArgument``
    ///   for a directory or device.
    init(reading path: FilePath, as noun: String) throws(CacheStoreError) {
        // The kind is known before the file is opened, because opening a device may have effects.
        var raw = stat()
        _ = try SystemCall.checked("open", path) {
            unsafe path.withPlatformString { unsafe stat($0, &raw) }
        }
        let kind = raw.st_mode & S_IFMT
        guard kind == S_IFREG || kind == S_IFIFO else {
            let what = kind == S_IFDIR ? "a directory" : "a device or socket"
            throw CacheStoreError(.badArgument, "\(what) can't be read as \(noun)", path: path)
        }
        let descriptor = try SystemCall.checked("open", path) {
            unsafe path.withPlatformString { unsafe Glibc.open($0, O_RDONLY | O_CLOEXEC) }
        }
        file = File(owning: descriptor, path: path)
    }

    /// Returns the next `count` bytes; fewer only where the file ends.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func whole(_ count: Int) throws(CacheStoreError) -> [UInt8] {
        var bytes = try next(count)
        while !bytes.isEmpty, bytes.count < count {
            let more = try next(count - bytes.count)
            if more.isEmpty { break }
            bytes += more
        }
        return bytes
    }

    /// Returns the next bytes, at most `count`; none where the file ends.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func next(_ count: Int) throws(CacheStoreError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let got = try SystemCall.checked("read", file.path) {
            unsafe bytes.withUnsafeMutableBytes { unsafe Glibc.read(file.descriptor, $0.baseAddress, count) }
        }
        bytes.removeLast(count - got)
        return bytes
    }
}
