/// The bytes of a zip, wherever they are.
///
/// They are copied out in pieces, never mapped: a file in a live cache may be cut short by somebody else at
/// any time, which a read tells and a mapping answers with SIGBUS.
protocol ZipSource: ~Copyable {
    /// Returns the size of the zip in bytes.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func zipSize() throws -> Int

    /// Replaces what `buffer` holds with the bytes in `range`, all of them.
    ///
    /// - Throws: ``ZipError`` if the zip ends before them, or ``CacheStoreError`` as the system says.
    func read(_ range: Range<Int>, into buffer: inout [UInt8]) throws
}

extension ZipSource where Self: ~Copyable {
    /// Returns the bytes in `range`, all of them.
    ///
    /// - Throws: As ``read(_:into:)`` does.
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
