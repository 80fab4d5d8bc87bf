/// A reader of the files in module zips; it takes about 240 KiB of memory, whatever the size of a file.
///
/// ```swift
/// let directory = try ZipDirectory(of: zip, prefix: "golang.org/x/text@v0.21.0/")
/// var reader = try ZipReader()
/// for file in directory.files {
///     try reader.read(file, of: zip) { piece in … }
/// }
/// ```
///
/// A ``ZipDirectory`` can serve several readers at once, one per worker.
struct ZipReader: ~Copyable {
    /// The size of the pieces in which a zip is read, in bytes.
    static let pieceSize = 64 * 1024

    private var inflater: Inflater

    /// Creates a reader.
    ///
    /// - Throws: ``CacheStoreError`` if there is no memory for the reader.
    init() throws { inflater = try Inflater() }

    /// Reads the content of a file and checks its size and CRC-32.
    ///
    /// When an error is thrown, `sink` may have received some of the content, but never more than the file's
    /// size.
    ///
    /// - Parameters:
    ///   - file: An entry of the zip's ``ZipDirectory``.
    ///   - zip: The zip from which the directory was made.
    ///   - sink: Called with the pieces of the content, none of them empty, in order.
    /// - Throws: ``ZipError`` that names the file if its content does not match the directory,
    ///   ``CacheStoreError`` if the system reports an error, or the error of `sink`.
    /// - Complexity: O(*n*) in the size of the file.
    mutating func read(
        _ file: ZipEntry,
        of zip: borrowing some ZipSource & ~Copyable,
        into sink: (Span<UInt8>) throws -> Void
    ) throws {
        guard !file.isDirectory else { return }
        var crc = CRC32()
        var rest = file.content
        var piece: [UInt8] = []
        do {
            if file.method == .deflated { try inflater.begin(expectedSize: file.size) }
            while !rest.isEmpty {
                try zip.read(rest.prefix(Self.pieceSize), into: &piece)
                rest = rest.dropFirst(piece.count)
                switch file.method {
                case .stored:
                    crc.update(piece.span)
                    try sink(piece.span)
                case .deflated:
                    try inflater.append(piece.span) { content in
                        crc.update(content)
                        try sink(content)
                    }
                }
            }
            if file.method == .deflated { try inflater.finish() }
        } catch let error as ZipError {
            throw error.naming(file.path)
        }
        guard crc.value == file.crc else {
            throw ZipError("Content does not match its CRC-32", member: file.path)
        }
    }
}
