/// The bytes of a zip, wherever they are.
///
/// The bytes are copied out in pieces, never mapped: another process may cut short a file in a live cache at
/// any time. A read reports that, but an access to a mapping ends in SIGBUS.
protocol ZipSource: ~Copyable {
    /// Returns the size of the zip in bytes.
    ///
    /// - Throws: ``CacheStoreError`` if the system reports an error.
    func zipSize() throws -> Int

    /// Replaces the bytes in `buffer` with all bytes in `range`.
    ///
    /// - Throws: ``ZipError`` if the zip ends before the end of `range`, or ``CacheStoreError`` if the system
    ///   reports an error.
    func read(_ range: Range<Int>, into buffer: inout [UInt8]) throws
}

extension ZipSource where Self: ~Copyable {
    /// Returns all bytes in `range`.
    ///
    /// - Throws: The errors of ``read(_:into:)``.
    func bytes(in range: Range<Int>) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try read(range, into: &bytes)
        return bytes
    }
}

extension [UInt8]: ZipSource {
    func zipSize() -> Int { count }

    func read(_ range: Range<Int>, into buffer: inout [UInt8]) throws {
        guard indices.contains(range) else { throw ZipError("Zip is cut short") }
        buffer.removeAll(keepingCapacity: true)
        buffer.append(contentsOf: self[range])
    }
}

extension File: ZipSource {
    func zipSize() throws -> Int { try status().size }

    func read(_ range: Range<Int>, into buffer: inout [UInt8]) throws {
        try read(at: range.lowerBound, count: range.count, into: &buffer)
        guard buffer.count == range.count else { throw ZipError("Zip is cut short") }
    }
}
