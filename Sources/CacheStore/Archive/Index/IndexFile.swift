import SystemPackage

/// A written index in a file of its own: an SQLite database.
final class IndexFile: Sendable {
    private let scratch: ScratchFile

    /// The archive that the index is for.
    private let path: FilePath

    /// The length of the index, a multiple of ``FormatLimits/pageSize`` bytes.
    let size: Int

    /// The version of the archive's format.
    let version: Int

    /// The length of all frames of the archive, in bytes.
    let framesSize: Int

    /// The content that counts for the limit of ``FormatLimits/content(ofFrames:)``, in bytes, without that
    /// of stored zips.
    let contentBytes: Int

    /// The most content that stored zips of these lengths can have, in bytes.
    let mostZippedBytes: Int

    /// The value that stands in place of a digest that is not known yet; see ``set(digest:)``.
    static let unknownDigest = ContentHasher.hash(Array("castore digest".utf8).span)

    /// Takes over a written index.
    ///
    /// The initializer overwrites the fields that tell which version of SQLite wrote the index and how often
    /// the index changed.
    init(
        _ scratch: ScratchFile,
        version: Int,
        framesSize: Int,
        contentBytes: Int,
        mostZippedBytes: Int,
        path: FilePath
    ) throws(CacheStoreError) {
        self.scratch = scratch
        self.version = version
        self.framesSize = framesSize
        self.contentBytes = contentBytes
        self.mostZippedBytes = mostZippedBytes
        self.path = path
        size = try scratch.file.status().size
        try Self.fixFields(of: scratch.file)
    }

    /// Refuses an index that no reader would accept; what is in stored zips is not known to it.
    ///
    /// - Parameter largest: The largest output, which the error names; `nil` if it is not known.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/damagedCache``.
    func checkContent(mostly largest: MemberSet.Output? = nil) throws(CacheStoreError) {
        guard contentBytes > FormatLimits.content(ofFrames: framesSize) else { return }
        let sizes = "\(contentBytes) bytes, which are \(framesSize) bytes when they are compressed"
        throw CacheStoreError(
            .damagedCache,
            "no archive may hold content that repeats itself so often: \(sizes)",
            path: path,
            member: largest.map { "output \($0.id)" },
            remedy: .removeMember
        )
    }

    /// Sets the change counters and SQLite's version in the header to the values that the format fixes.
    static func fixFields(of file: borrowing File) throws(CacheStoreError) {
        for (offset, value) in [(24, 1), (92, 1), (96, 3_040_001)] {
            let bytes = (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
            try file.write(bytes.span, at: offset)
        }
    }

    /// Writes the digest in place of ``unknownDigest``.
    ///
    /// - Parameter digest: The digest of the members.
    /// - Throws: ``CacheStoreError`` for a system error.
    func set(digest: ObjectID) throws(CacheStoreError) {
        // The first table has two rows, and its page follows the page of the schema.
        let page = try scratch.file.bytes(at: FormatLimits.pageSize, count: FormatLimits.pageSize)
        let unknown = Self.unknownDigest.bytes
        let places = (0...max(0, page.count - unknown.count)).filter { page[$0...].starts(with: unknown) }
        guard places.count == 1 else {
            throw CacheStoreError(.io, "cannot make the index (it has no place for its digest)", path: path)
        }
        try scratch.file.write(digest.bytes.span, at: FormatLimits.pageSize + places[0])
    }

    /// Opens the written index for reading.
    ///
    /// - Throws: The errors of ``checkContent()``, or ``CacheStoreError`` with code
    ///   ``CacheStoreError/Code/corruptArchive``.
    func reader() throws -> IndexReader {
        try checkContent()
        return try IndexReader(
            FileWindow(descriptor: scratch.file.descriptor, size: size),
            of: scratch,
            version: version,
            framesSize: framesSize,
            path: path
        )
    }

    /// Calls `body` with the bytes of the index, piece by piece.
    func forEachPiece(
        _ body: (_ offset: Int, Span<UInt8>) throws(CacheStoreError) -> Void
    ) throws(CacheStoreError) {
        var piece: [UInt8] = []
        for offset in stride(from: 0, to: size, by: 1 << 20) {
            try scratch.file.read(at: offset, count: min(1 << 20, size - offset), into: &piece)
            try body(offset, piece.span)
        }
    }
}
