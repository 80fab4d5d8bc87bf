import SystemPackage

/// A judge of outputs that differ in each run of a job by their nature.
final class VaryingContent {
    private let lookup: IndexLookup
    private var reader: ChunkReader
    private let archive: Archive

    /// The number of bytes that are examined at the start and at the end of an output.
    private static let (headSize, tailSize) = (1024, 256)

    /// Creates a judge of the outputs of an archive, whose index is known to have its SHA-256.
    ///
    /// - Throws: ``CacheStoreError`` for a system error.
    init(_ archive: Archive) throws {
        self.archive = archive
        do {
            lookup = try IndexLookup(archive)
        } catch let error as SQLiteError {
            throw IndexSchema.unreadable(error, path: archive.path)
        }
        reader = try ChunkReader(archive)
    }

    /// Returns whether an output differs in each run.
    ///
    /// Results of tests hold times (`ok` lines; Go's cmd/go/internal/test/test.go). A test may print anything
    /// before its last line. Sources that `go test -cover` generates, also by cgo, name the temporary
    /// directory of one go command (`/go-build` and digits), which compiled packages do not.
    ///
    /// - Parameter side: The output.
    /// - Returns: Whether its content is of such a kind.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``.
    func isVarying(_ side: DisputedAction.Side) throws -> Bool {
        switch side.contentClass {
        case .test, .coverage: return true
        case .cgo, .other: break
        default: return false
        }
        let found: IndexLookup.Stream?
        do {
            found = try lookup.output(side.output)
        } catch let error as SQLiteError {
            throw IndexSchema.unreadable(error, path: archive.path)
        }
        guard let chunks = found?.chunks else { return false }
        let head = try bytes(0..<min(Self.headSize, side.size), of: chunks)
        if Self.namesTemporaryDirectory(head) { return true }
        let tail = try bytes(max(0, side.size - Self.tailSize)..<side.size, of: chunks)
        return side.contentClass == .other && Self.endsTest(tail)
    }

    private func bytes(_ range: Range<Int>, of chunks: [ChunkRecord]) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try reader.read(range, of: chunks) { bytes += $0 }
        return bytes
    }

    /// Returns whether the last line is that of a test that passed.
    static func endsTest(_ tail: [UInt8]) -> Bool {
        guard tail.last == 0x0A, let line = tail.dropLast().split(separator: 0x0A).last else { return false }
        return line.starts(with: "ok  \t".utf8)
    }

    /// Returns whether a line says that sources lie in the temporary directory of a go command.
    static func namesTemporaryDirectory(_ head: [UInt8]) -> Bool {
        String(decoding: head, as: UTF8.self).contains(/\/\/line [^\n]*\/go-build[0-9]+\/b[0-9]+\//)
    }
}
