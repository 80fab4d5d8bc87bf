import FoundationEssentials
import Glibc
import SystemPackage

/// The requests that a cache program reads, and the bodies of puts.
struct ProgramInput: ~Copyable {
    private let descriptor: FileDescriptor
    private let checkForStop: () throws -> Void
    private var buffer: [UInt8] = []
    private var position = 0

    /// The length that no line reaches but that of a body, in bytes.
    private static let longestLine = 1 << 16

    /// The number of bytes that are read at once.
    private static let readSize = 1 << 16

    /// The time after which a wait looks whether it is to stop, in milliseconds.
    private static let patience: CInt = 200

    /// Creates the input of an open descriptor, which stays open.
    ///
    /// - Parameters:
    ///   - descriptor: The descriptor.
    ///   - checkForStop: Called now and then while the input waits; the wait ends with the error that it
    ///     throws.
    init(_ descriptor: FileDescriptor, checkForStop: @escaping () throws -> Void) {
        self.descriptor = descriptor
        self.checkForStop = checkForStop
    }

    /// Reads the next request; the body of a put must be read next with ``body(of:_:)``.
    ///
    /// - Returns: The request, or `nil` where the input ends. What a killed go command has begun to write is
    ///   no request.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/badRequest``, or as the system says; or
    ///   the error of `checkForStop`.
    mutating func request() throws -> ProgramRequest? {
        while let line = try line() {
            if line.allSatisfy(Self.isBlank) { continue }
            do {
                return try ProgramRequest(line)
            } catch {
                throw Self.bad(error.message)
            }
        }
        return nil
    }

    /// Whether nothing has been read beyond the last request.
    var isIdle: Bool { buffer[position...].allSatisfy(Self.isBlank) }

    /// Reads the body of a put.
    ///
    /// - Parameters:
    ///   - size: The length of the body, in bytes, at least 1.
    ///   - take: Called with each piece of the body.
    /// - Returns: Whether the whole body was there; `false` where the input ends before.
    /// - Throws: The errors of ``request()``, or the error of `take`.
    mutating func body(of size: Int, _ take: ([UInt8]) throws -> Void) throws -> Bool {
        repeat {
            while position < buffer.count, Self.isBlank(buffer[position]) { position += 1 }
            if position == buffer.count, try !fill() { return false }
        } while Self.isBlank(buffer[position])
        guard buffer[position] == UInt8(ascii: "\"") else { throw Self.badBody("it is no JSON string") }
        position += 1
        var (done, isEnded) = (0, false)
        while !isEnded {
            let rest = buffer[position...]
            let end = rest.firstIndex(of: UInt8(ascii: "\""))
            isEnded = end != nil
            // Base64 makes three bytes of four characters.
            let count = ((end ?? buffer.count) - position) & ~3
            if count > 0 {
                guard let piece = Data(base64Encoded: Data(rest.prefix(count))) else {
                    throw Self.badBody("it is not base64")
                }
                done += piece.count
                guard done <= size else { throw Self.badBody("it is longer than `BodySize`") }
                try take(Array(piece))
                position += count
            }
            if let end {
                guard end == position else { throw Self.badBody("it is not base64") }
                position += 1
            } else if try !fill() {
                // The rest of the input belongs to the body, and is no request.
                position = buffer.count
                return false
            }
        }
        guard done == size else { throw Self.badBody("it is shorter than `BodySize`") }
        return true
    }

    /// Returns the next line without its line feed, or `nil` where the input ends.
    private mutating func line() throws -> [UInt8]? {
        var searched = 0
        while true {
            let start = position + searched
            if let end = buffer[start...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { position = end + 1 }
                return Array(buffer[position..<end])
            }
            searched = buffer.count - position
            guard searched < Self.longestLine else {
                throw Self.bad("a line is longer than any request")
            }
            if try !fill() { return nil }
        }
    }

    /// Appends the next bytes to the buffer, and drops those that have been used.
    ///
    /// - Returns: Whether there were any.
    private mutating func fill() throws -> Bool {
        buffer.removeFirst(position)
        position = 0
        try waitForBytes()
        let start = buffer.count
        buffer.append(contentsOf: repeatElement(0, count: Self.readSize))
        let descriptor = descriptor
        // The system writes at most as many bytes as the part of the buffer has.
        let got: Int
        do {
            got = try unsafe buffer.withUnsafeMutableBytes { bytes in
                unsafe try descriptor.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[start...]))
            }
        } catch {
            throw CacheStoreError(
                .io,
                "cannot read a request of the go command from standard input",
                cause: error as? Errno ?? .ioError
            )
        }
        buffer.removeLast(Self.readSize - got)
        return got > 0
    }

    private func waitForBytes() throws {
        while true {
            try checkForStop()
            var wanted = pollfd(fd: descriptor.rawValue, events: Int16(POLLIN), revents: 0)
            let count = unsafe poll(&wanted, 1, Self.patience)
            if count > 0 || count < 0 && errno != EINTR { return }
        }
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    private static func badBody(_ reason: String) -> CacheStoreError {
        bad("the body of a put is wrong, \(reason)")
    }

    private static func bad(_ message: String) -> CacheStoreError {
        CacheStoreError(
            .badRequest,
            "standard input is not what the go command writes to a cache program: \(message)",
            remedy: .startWithGo
        )
    }
}
