import CacheStore
import Glibc
import SystemPackage

/// Standard output behind a buffer, for the data of a command.
///
/// If the reader has gone away (`| head`), the rest of the data is dropped and ``isClosed`` is set; this is
/// not an error.
struct StandardOutput {
    private static let capacity = 1 << 16

    /// Whether the reader has gone away.
    private(set) var isClosed = false

    private var buffer: [UInt8] = []

    /// Writes one line.
    mutating func writeLine(_ line: String) throws(CacheStoreError) {
        buffer.append(contentsOf: line.utf8)
        buffer.append(UInt8(ascii: "\n"))
        if buffer.count >= Self.capacity { try flush() }
    }

    /// Writes one JSON value on a line.
    mutating func writeLine(_ value: JSONValue) throws(CacheStoreError) {
        value.append(to: &buffer)
        buffer.append(UInt8(ascii: "\n"))
        if buffer.count >= Self.capacity { try flush() }
    }

    /// Writes bytes as they are.
    mutating func write(_ bytes: Span<UInt8>) throws(CacheStoreError) {
        for index in bytes.indices { buffer.append(bytes[index]) }
        if buffer.count >= Self.capacity { try flush() }
    }

    /// Writes the buffered bytes; the owner calls this at the end.
    ///
    /// - Throws: ``CacheStoreError`` of code `io` or `noSpace`.
    mutating func flush() throws(CacheStoreError) {
        defer { buffer.removeAll(keepingCapacity: true) }
        guard !isClosed else { return }
        do {
            try FileDescriptor.standardOutput.writeAll(buffer)
        } catch Errno.brokenPipe {
            isClosed = true
        } catch {
            let cause = error as? Errno
            let code: CacheStoreError.Code = cause == .noSpace ? .noSpace : .io
            throw CacheStoreError(code, "cannot write to standard output", cause: cause)
        }
    }

    /// Writes lines for people, and flushes the buffer.
    ///
    /// On a terminal, a line that is too wide is broken at blanks.
    static func write(_ lines: [String]) throws(CacheStoreError) {
        var output = Self()
        let width = isatty(STDOUT_FILENO) == 1 ? PageWidth.columns : Int.max
        for line in lines.flatMap({ $0.wrapped(to: width, indent: 2) }) { try output.writeLine(line) }
        try output.flush()
    }

    /// Writes one JSON value, and flushes the buffer.
    static func write(_ value: JSONValue) throws(CacheStoreError) {
        var output = Self()
        try output.writeLine(value)
        try output.flush()
    }
}
