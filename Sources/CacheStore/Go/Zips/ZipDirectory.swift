/// The table of contents of a module zip.
///
/// The table accepts a subset of the zips that Go accepts (archive/zip, reader.go, and golang.org/x/mod/zip,
/// zip.go), so that a zip cannot mean one thing here and another to Go. The central directory must have the
/// place and the length that its end record states. Entries must agree with their local headers and must not
/// overlap. Names must obey Go's rules. All this is checked once, here, so a hostile zip fails before any of
/// its content is read.
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
        var entries: [ZipEntry] = []
        entries.reserveCapacity(end.count)
        var headers: [Range<Int>] = []
        var position = 0
        var total = 0
        for _ in 0..<end.count {
            let header = try ZipEntryHeader(at: position, in: directory.span)
            let entry = try header.entry(of: zip, before: end.directory.lowerBound, prefix: prefix)
            guard entry.size <= FormatLimits.zipSize - total else {
                throw ZipError("Zip has too much content for a module", member: entry.path)
            }
            total += entry.size
            entries.append(entry)
            headers.append(header.localHeader..<entry.content.upperBound)
            position = header.end
        }
        guard position == directory.count else {
            throw ZipError("Zip has a wrong number of entries")
        }
        try Self.checkOverlaps(headers)
        try Self.checkCollisions(entries)
        self.entries = entries
    }

    private static func checkOverlaps(_ ranges: [Range<Int>]) throws(ZipError) {
        var end = 0
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            guard range.lowerBound >= end else { throw ZipError("Zip has entries that overlap") }
            end = range.upperBound
        }
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
