import Glibc
import SystemPackage

/// A regular file or a pipe that is read from its beginning on.
struct FileStream: ~Copyable {
    private let file: File

    /// Whether the stream is a pipe whose bytes are waited for in short steps.
    private let isPolled: Bool

    /// The time between two looks at whether the work is to end early, in milliseconds.
    private static let step: CInt = 100

    /// Opens a file or a pipe, and waits for the writer of a named pipe.
    ///
    /// - Parameters:
    ///   - path: The file or pipe.
    ///   - noun: What the file should be, for messages, as in "a log".
    ///   - canEndEarly: Whether ``whole(_:check:)`` does the waiting, for the writer and for each byte, so
    ///     that it can end early. ``next(_:)`` may not be called then.
    /// - Throws: ``CacheStoreError`` as the system says, or with code ``CacheStoreError/Code/badArgument``
    ///   for a directory or device.
    init(reading path: FilePath, as noun: String, canEndEarly: Bool = false) throws(CacheStoreError) {
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
        let isPolled = canEndEarly && kind == S_IFIFO
        let flags = O_RDONLY | O_CLOEXEC | (isPolled ? O_NONBLOCK : 0)
        let descriptor = try SystemCall.checked("open", path) {
            unsafe path.withPlatformString { unsafe Glibc.open($0, flags) }
        }
        file = File(owning: descriptor, path: path)
        self.isPolled = isPolled
    }

    /// Returns the next `count` bytes; fewer only where the file ends.
    ///
    /// - Parameters:
    ///   - count: The number of bytes.
    ///   - check: Called before each read, and several times per second while a pipe is silent; an error that
    ///     it throws ends the work.
    /// - Returns: The bytes.
    /// - Throws: The error of `check`, or ``CacheStoreError`` as the system says.
    func whole(_ count: Int, check: () throws -> Void) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            repeat { try check() } while try isPolled && !isReady()
            let more = try next(count - bytes.count)
            if more.isEmpty { break }
            bytes += more
        }
        return bytes
    }

    /// Waits a moment for bytes in a pipe, or for its end.
    private func isReady() throws(CacheStoreError) -> Bool {
        var request = pollfd(fd: file.descriptor, events: Int16(POLLIN), revents: 0)
        return try SystemCall.checked("wait for", file.path) { unsafe poll(&request, 1, Self.step) } > 0
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
