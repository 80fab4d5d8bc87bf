import SystemPackage

/// A module zip that an archive stores, read in place.
///
/// Memory does not grow with the zip: at most one chunk of it is held.
final class StoredZip: ZipSource {
    private var reader: ChunkReader
    private let chunks: [ChunkRecord]
    private let size: Int

    /// Creates the zip that some chunks hold.
    ///
    /// - Throws: ``CacheStoreError`` if there is not enough memory for a decoder.
    init(_ chunks: [ChunkRecord], besides other: borrowing ChunkReader) throws(CacheStoreError) {
        reader = try ChunkReader(besides: other)
        self.chunks = chunks
        size = chunks.reduce(0) { $0 + $1.contentBytes }
    }

    func zipSize() -> Int { size }

    func read(_ range: Range<Int>, into buffer: inout [UInt8]) throws {
        guard range.lowerBound >= 0, range.upperBound <= size else { throw ZipError("Zip is cut short") }
        buffer.removeAll(keepingCapacity: true)
        try reader.read(range, of: chunks) { buffer += $0 }
    }

    /// Checks that a stored zip has the hash that the module's `.ziphash` states.
    ///
    /// Go trusts a zip in GOMODCACHE by that file alone, and so whoever writes a zip there checks it first.
    ///
    /// - Parameters:
    ///   - list: The chunks of the zip.
    ///   - module: The module.
    ///   - downloads: The downloads of the module, or of more modules.
    ///   - chunks: The chunks of the archive.
    ///   - reader: A reader of the archive, which stays as it is.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``, or for a system
    ///   error.
    static func check(
        _ list: ChunkList,
        of module: ModuleKey,
        _ downloads: some Sequence<MemberSet.Download>,
        _ chunks: [ChunkRecord],
        with reader: borrowing ChunkReader
    ) throws {
        let zip = try StoredZip(list.numbers.map { chunks[$0] }, besides: reader)
        try CacheStoreError.naming("zip \(module.text)") {
            try check(zip, of: module, downloads, in: reader.frames.path)
        }
    }

    /// Checks that the content of a stored zip has the hash that the module's `.ziphash` states.
    ///
    /// - Parameters:
    ///   - zip: The content.
    ///   - module: The module.
    ///   - downloads: The downloads of the module, or of more modules.
    ///   - path: The archive, for messages.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``, or for a system
    ///   error.
    static func check(
        _ zip: borrowing some ZipSource & ~Copyable,
        of module: ModuleKey,
        _ downloads: some Sequence<MemberSet.Download>,
        in path: FilePath
    ) throws {
        let expected = downloads.lazy.compactMap { download -> ObjectID? in
            guard download.module == module, download.kind == .ziphash,
                case .bytes(let bytes) = download.content
            else { return nil }
            return ModuleHash.id(ofZiphash: bytes)
        }.first
        do {
            guard try ModuleZip.h1(of: zip, module: module) == expected else {
                throw ZipError("the zip does not have the hash of its .ziphash")
            }
        } catch let error as ZipError {
            throw CacheStoreError(
                .corruptArchive,
                "damaged archive: \(error)",
                path: path,
                member: "zip \(module.text)",
                remedy: .packAgain
            )
        }
    }
}
