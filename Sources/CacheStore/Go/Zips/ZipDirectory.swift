/// The table of contents of a module zip.
///
/// A zip that Go accepts as well (archive/zip, reader.go, and golang.org/x/mod/zip, zip.go) has the same
/// content here and there. Go refuses some more: names that differ only in case, a `go.mod` in a directory, a
/// `go.mod` or `LICENSE` above 16 MiB, a wrong data descriptor, names of letters newer than its Unicode. The
/// central directory must have the place and the length that its end record states. Entries must agree with
/// their local headers and must not overlap. Names must obey Go's rules. All this is checked once, here, so a
/// hostile zip fails before any of its content is read.
///
/// ``init(of:prefix:)`` and ``ZipReader/read(_:of:into:)`` both borrow the zip; the table itself keeps none
/// of the zip's bytes.
struct ZipDirectory: Sendable {
    /// The entries, in the order of the central directory.
    let entries: [ZipEntry]

    /// The entries that are files; Go ignores directories when it extracts a zip.
    var files: some Sequence<ZipEntry> { entries.lazy.filter { !$0.isDirectory } }

    /// Reads and checks the table of contents.
    ///
    /// - Parameters:
    ///   - zip: The zip.
    ///   - prefix: The required beginning of all names: `path@version/`, not escaped.
    /// - Throws: ``ZipError`` if the zip is malformed, is too large or has an entry that Go would refuse, or
    ///   ``CacheStoreError`` if the system reports an error.
    /// - Complexity: O(*n* log *n*) in the number of entries; the memory holds the directory.
    init(of zip: borrowing some ZipSource & ~Copyable, prefix: String) throws {
        let size = try zip.zipSize()
        guard size <= FormatLimits.zipSize else { throw ZipError("Zip is too large for a module") }
        let end = try ZipDirectoryEnd(of: zip, size: size)
        let directory = try zip.bytes(in: end.directory)
        var headers: [ZipEntryHeader] = []
        headers.reserveCapacity(end.count)
        var position = 0
        for _ in 0..<end.count {
            let header = try ZipEntryHeader(at: position, in: directory.span)
            headers.append(header)
            position = header.end
        }
        guard position == directory.count else {
            throw ZipError("Zip has a wrong number of entries")
        }
        // Local headers are read in the order of their bytes, so that each part of the zip is read once.
        var found: [(index: Int, entry: ZipEntry)] = []
        found.reserveCapacity(headers.count)
        var (last, total, overlaps) = (0, 0, false)
        for index in headers.indices.sorted(by: { headers[$0].localHeader < headers[$1].localHeader }) {
            let entry = try headers[index].entry(of: zip, before: end.directory.lowerBound, prefix: prefix)
            guard entry.size <= FormatLimits.zipSize - total else {
                throw ZipError("Zip has too much content for a module", member: entry.path)
            }
            total += entry.size
            if headers[index].localHeader < last { overlaps = true }
            last = entry.content.upperBound
            found.append((index, entry))
        }
        guard !overlaps else { throw ZipError("Zip has entries that overlap") }
        entries = found.sorted { $0.index < $1.index }.map(\.entry)
        try Self.checkCollisions(entries)
    }

    /// Throws if two entries are the same file, or one is a file and the directory of another.
    ///
    /// Go also refuses names that differ only in case (`collisionChecker` of golang.org/x/mod/zip, zip.go). A
    /// Linux file system accepts such names.
    private static func checkCollisions(_ entries: [ZipEntry]) throws(ZipError) {
        switch PathRules.collision(among: entries.lazy.map(\.path), ignoringCase: false) {
        case .twice(let path): throw ZipError("Zip has the same file twice", member: path)
        case .directory(let path): throw ZipError("Zip has a file that is also a directory", member: path)
        case nil: break
        }
    }
}
