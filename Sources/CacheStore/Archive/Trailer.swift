import SystemPackage

/// The end of an archive: the skippable frame that holds the index.
///
/// See <doc:Format> for every offset.
struct Trailer: Hashable {
    /// The length of the header, in bytes.
    static let headerSize = 64

    private static let frameMagic: UInt32 = 0x184D_2A5C
    /// The first bytes of the header.
    static let magic = Array("CASTORE\n".utf8)
    private static let mark = Array("Start-Of-SQLite3-".utf8)

    /// The length, in bytes, of the frame's magic and length field, which come before the padding.
    private static let frameHeaderSize = 8

    /// The length of the mark and of the index's offset, which are the last bytes of the file.
    static let markSize = 25

    /// The version of the format.
    var version: Int

    /// The length of all frames, in bytes, which is also the offset of the trailer.
    var framesSize: Int

    /// The offset of the index, in bytes.
    var indexOffset: Int

    /// The length of the index, in bytes.
    var indexSize: Int

    /// The SHA-256 of the index.
    var indexID: ObjectID

    /// The offset of the header, in bytes.
    var headerOffset: Int { indexOffset - Self.headerSize }

    /// The length of the file, in bytes.
    var fileSize: Int { indexOffset + indexSize + Self.markSize }

    /// Returns the offset, in bytes, of an index that follows frames of this length.
    static func indexOffset(after framesSize: Int) -> Int {
        let page = FormatLimits.pageSize
        return (framesSize + frameHeaderSize + headerSize + page - 1) / page * page
    }

    // MARK: - Writing

    /// The bytes from the end of the frames to the index, or `nil` if the trailer is longer than its length
    /// field can hold.
    var head: [UInt8]? {
        guard let length = UInt32(exactly: fileSize - framesSize - Self.frameHeaderSize) else { return nil }
        var bytes =
            Self.littleEndian(UInt64(Self.frameMagic), count: 4) + Self.littleEndian(UInt64(length), count: 4)
        bytes += [UInt8](repeating: 0, count: headerOffset - framesSize - bytes.count)
        bytes += Self.magic
        bytes += Self.littleEndian(UInt64(version), count: 4) + Self.littleEndian(0, count: 4)
        bytes +=
            Self.littleEndian(UInt64(framesSize), count: 8) + Self.littleEndian(UInt64(indexSize), count: 8)
        return bytes + indexID.bytes
    }

    /// The bytes after the index.
    var tail: [UInt8] { Self.mark + Self.littleEndian(UInt64(indexOffset), count: 8).reversed() }

    private static func littleEndian(_ value: UInt64, count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
    }

    // MARK: - Reading

    /// The greatest distance from the trailer's beginning to the end of what tells the index's version, in
    /// bytes.
    static let headReach = FormatLimits.pageSize + frameHeaderSize + headerSize + IndexBeginning.size

    /// Returns an offset at or before the beginning of the trailer, as the last bytes of a file tell it.
    ///
    /// - Parameter file: The file, of which nothing but the end is read.
    /// - Returns: The offset in bytes; `nil` if the file does not end as an archive.
    /// - Throws: ``CacheStoreError`` for a system error.
    static func beginning(of file: borrowing File) throws(CacheStoreError) -> Int? {
        let size = try file.status().size
        let tail = try file.bytes(at: max(0, size - markSize), count: markSize)
        guard tail.count == markSize, tail.starts(with: mark),
            let offset = Int(exactly: tail.suffix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }),
            (0...size).contains(offset)
        else { return nil }
        return max(0, offset - (headReach - IndexBeginning.size))
    }

    /// Reads the trailer of an archive, and checks every byte of it except the index.
    ///
    /// - Parameter file: The archive.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/notAnArchive``,
    ///   ``CacheStoreError/Code/unsupportedVersion`` or ``CacheStoreError/Code/corruptArchive``, or for a
    ///   system error.
    init(reading file: borrowing File) throws(CacheStoreError) {
        let path = file.path
        let status = try file.status()
        guard status.kind == .regular else {
            throw CacheStoreError(.notAnArchive, "a \(status.noun), not an archive", path: path)
        }
        let fileSize = status.size
        // A sparse file may be so long that an offset behind its end is no number.
        guard fileSize < 1 << 62 else {
            throw CacheStoreError(.notAnArchive, "a file that is longer than any archive", path: path)
        }
        let tail = try file.bytes(at: max(0, fileSize - Self.markSize), count: Self.markSize)
        guard tail.count == Self.markSize, tail.starts(with: Self.mark) else {
            let start = try file.bytes(at: 0, count: min(fileSize, ForeignFile.length))
            let (message, remedy) = ForeignFile(start: start).finding
            throw CacheStoreError(.notAnArchive, message, path: path, remedy: remedy)
        }
        let offset = tail.suffix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard offset >= UInt64(Self.frameHeaderSize + Self.headerSize),
            offset <= UInt64(max(0, fileSize - Self.markSize))
        else {
            throw Self.corrupt(
                "its beginning is missing, or its last bytes are wrong",
                path,
                at: fileSize - 8
            )
        }
        let indexOffset = Int(offset)
        let header = try file.bytes(at: indexOffset - Self.headerSize, count: Self.headerSize)
        let version = try IndexBeginning(at: indexOffset, in: file)?.version
        try self.init(header: header, indexOffset: indexOffset, indexVersion: version, path: path)
        guard self.fileSize == fileSize, indexSize > 0, indexSize % FormatLimits.pageSize == 0,
            indexOffset == Self.indexOffset(after: framesSize)
        else {
            throw Self.corrupt("the lengths in its header do not fit its length", path, at: headerOffset)
        }
        guard let head, try file.bytes(at: framesSize, count: indexOffset - framesSize) == head else {
            throw Self.corrupt("the bytes before its index are not as they must be", path, at: framesSize)
        }
    }

    /// Returns whether the header of a trailer says that the trailer begins at an offset.
    ///
    /// The bytes before the header and the index may be damaged.
    ///
    /// - Throws: ``CacheStoreError`` for a system error.
    static func begins(at offset: Int, in file: borrowing File) throws(CacheStoreError) -> Bool {
        let header = try file.bytes(at: indexOffset(after: offset) - headerSize, count: headerSize)
        return header.count == headerSize && header.starts(with: magic)
            && header[16..<24].elementsEqual(littleEndian(UInt64(offset), count: 8))
    }

    /// Returns whether some bytes are a header of an index at an offset, by the length of the frames.
    ///
    /// The SHA-256, which is the last part of a header, may be missing.
    static func isHeader(_ bytes: Span<UInt8>, ofIndexAt offset: Int) -> Bool {
        guard bytes.count >= headerSize - ObjectID.byteCount,
            magic.indices.allSatisfy({ bytes[$0] == magic[$0] })
        else { return false }
        let framesSize = (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[16 + $1]) << UInt64(8 * $1) }
        return framesSize <= UInt64(max(0, offset)) && indexOffset(after: Int(framesSize)) == offset
    }

    /// Returns whether a trailer's first bytes stand at an offset.
    ///
    /// - Throws: ``CacheStoreError`` for a system error.
    static func hasMagic(at offset: Int, in file: borrowing File) throws(CacheStoreError) -> Bool {
        try file.bytes(at: offset, count: 4) == littleEndian(UInt64(frameMagic), count: 4)
    }

    /// Reads the header.
    ///
    /// - Parameters:
    ///   - header: The bytes.
    ///   - indexOffset: The offset of the index, in bytes.
    ///   - indexVersion: The version in the index, if it is one that this program reads.
    ///   - path: The archive, for messages.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/unsupportedVersion`` or
    ///   ``CacheStoreError/Code/corruptArchive``.
    private init(
        header: [UInt8],
        indexOffset: Int,
        indexVersion: Int?,
        path: FilePath
    ) throws(CacheStoreError) {
        let headerOffset = indexOffset - Self.headerSize
        guard header.count == Self.headerSize, header.starts(with: Self.magic) else {
            throw Self.corrupt(
                "a part of it is missing, or its header is overwritten",
                path,
                at: headerOffset
            )
        }
        func number(_ start: Int, _ count: Int) -> UInt64 {
            (0..<count).reduce(0) { $0 | UInt64(header[start + $1]) << UInt64(8 * $1) }
        }
        let version = number(8, 4)
        // A newer archive has the newer version in both places.
        if let indexVersion, UInt64(indexVersion) != version {
            throw Self.corrupt("its header is damaged", path, at: headerOffset + 8)
        }
        guard version <= UInt64(FormatLimits.longManifestVersion) else {
            throw CacheStoreError(
                .unsupportedVersion,
                "its format is version \(version), and this program reads up to version "
                    + "\(FormatLimits.longManifestVersion)",
                path: path,
                remedy: .upgrade
            )
        }
        guard version > 0, let framesSize = Int(exactly: number(16, 8)), framesSize <= headerOffset,
            let indexSize = Int(exactly: number(24, 8)), indexSize <= Int(UInt32.max),
            let indexID = ObjectID(header.span.extracting(last: ObjectID.byteCount))
        else { throw Self.corrupt("its header is damaged", path, at: headerOffset) }
        self.version = Int(version)
        self.framesSize = framesSize
        self.indexOffset = indexOffset
        self.indexSize = indexSize
        self.indexID = indexID
    }

    /// Creates the trailer of an archive that is to be written.
    init(version: Int, framesSize: Int, indexSize: Int, indexID: ObjectID) {
        self.version = version
        self.framesSize = framesSize
        indexOffset = Self.indexOffset(after: framesSize)
        self.indexSize = indexSize
        self.indexID = indexID
    }

    private static func corrupt(_ message: String, _ path: FilePath, at offset: Int) -> CacheStoreError {
        let message = "damaged archive: " + message
        return CacheStoreError(
            .corruptArchive,
            message,
            path: path,
            offset: offset,
            remedy: .recoverIndex
        )
    }
}
