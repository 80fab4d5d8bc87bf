/// The first bytes of an index: the header of an SQLite database.
///
/// Source: the database file format in the documentation of SQLite, "The Database Header".
struct IndexBeginning: Hashable {
    /// The number of bytes.
    static let size = 100

    /// The first of the bytes.
    static let magic = Array("SQLite format 3\0".utf8)

    private static let application = Array("CSTR".utf8)

    /// The version of the archive's format.
    let version: Int

    /// The length of the index, in bytes.
    let indexSize: Int

    /// Reads the bytes, or returns `nil` if they are not those of the index of an archive of a known version.
    init?(_ bytes: Span<UInt8>) {
        func number(_ start: Int, _ count: Int) -> Int {
            (start..<start + count).reduce(0) { $0 << 8 | Int(bytes[$1]) }
        }
        func contains(_ text: [UInt8], at start: Int) -> Bool {
            text.indices.allSatisfy { bytes[start + $0] == text[$0] }
        }
        guard bytes.count >= Self.size, contains(Self.magic, at: 0), contains(Self.application, at: 68),
            number(16, 2) == FormatLimits.pageSize
        else { return nil }
        version = number(60, 4)
        indexSize = number(28, 4) * FormatLimits.pageSize
        guard (1...FormatLimits.longManifestVersion).contains(version), indexSize > 0,
            indexSize <= Int(UInt32.max)
        else { return nil }
    }

    /// Reads the bytes at an offset of a file.
    ///
    /// The result is `nil` if they are not those of the index of an archive of a known version.
    ///
    /// - Throws: ``CacheStoreError`` for a system error.
    init?(at offset: Int, in file: borrowing File) throws(CacheStoreError) {
        let bytes = try file.bytes(at: offset, count: Self.size)
        self.init(bytes.span)
    }
}
