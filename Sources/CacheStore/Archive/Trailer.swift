import SystemPackage

/// The end of an archive: the skippable frame that holds the index.
///
/// See <doc:Format> for every offset.
struct Trailer: Hashable {
    /// The version of the format that is written, and the highest that is read.
    static let currentVersion = 1

    /// The length of ``header``, in bytes.
    static let headerSize = 64

    private static let frameMagic: UInt32 = 0x184D_2A5C
    private static let magic = Array("CASTORE\n".utf8)
    private static let mark = Array("Start-Of-SQLite3-".utf8)

    /// The bytes before the padding: the frame's magic and length.
    private static let frameHeaderSize = 8

    /// The bytes at the very end: the mark and the image's offset.
    static let markSize = 25

    /// The version of the format.
    var version = currentVersion

    /// The length of all frames, in bytes; the trailer begins there.
    var framesSize: Int

    /// Where the SQLite image begins, in bytes.
    var imageOffset: Int

    /// The length of the SQLite image, in bytes.
    var imageSize: Int

    /// The SHA-256 of the SQLite image.
    var imageID: ObjectID

    /// Where the header begins, in bytes.
    var headerOffset: Int { imageOffset - Self.headerSize }

    /// The length of the file, in bytes.
    var fileSize: Int { imageOffset + imageSize + Self.markSize }

    /// Where an image lies that follows frames of a length.
    static func imageOffset(after framesSize: Int) -> Int {
        let page = IndexSchema.pageSize
        return (framesSize + frameHeaderSize + headerSize + page - 1) / page * page
    }

    // MARK: - Writing

    /// The bytes from the end of the frames to the image, or `nil` if the trailer exceeds what its length
    /// field holds.
    var head: [UInt8]? {
        guard let length = UInt32(exactly: fileSize - framesSize - Self.frameHeaderSize) else { return nil }
        var bytes =
            Self.littleEndian(UInt64(Self.frameMagic), count: 4) + Self.littleEndian(UInt64(length), count: 4)
        bytes += [UInt8](repeating: 0, count: headerOffset - framesSize - bytes.count)
        bytes += Self.magic
        bytes += Self.littleEndian(UInt64(version), count: 4) + Self.littleEndian(0, count: 4)
        bytes +=
            Self.littleEndian(UInt64(framesSize), count: 8) + Self.littleEndian(UInt64(imageSize), count: 8)
        return bytes + imageID.bytes
    }

    /// The bytes after the image.
    var tail: [UInt8] { Self.mark + Self.littleEndian(UInt64(imageOffset), count: 8).reversed() }

    private static func littleEndian(_ value: UInt64, count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
    }

    // MARK: - Reading

    /// Reads the trailer of an archive, and checks every byte of it but the image.
    ///
    /// - Parameter file: The archive.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/notAnArchive``,
    ///   ``CacheStoreError/Code/unsupportedVersion`` or ``CacheStoreError/Code/corruptArchive``, or as the
    ///   system says.
    init(reading file: borrowing File) throws(CacheStoreError) {
        let path = file.path
        let status = try file.status()
        guard status.kind == .regular else {
            throw CacheStoreError(.notAnArchive, "a \(status.noun), not an archive", path: path)
        }
        let fileSize = status.size
        let tail = try file.bytes(at: max(0, fileSize - Self.markSize), count: Self.markSize)
        guard tail.count == Self.markSize, tail.starts(with: Self.mark) else {
            throw CacheStoreError(
                .notAnArchive,
                "not an archive, or one that was cut short: its last \(Self.markSize) bytes are not the mark",
                path: path,
                hint: "make it again with `cachectl pack`, or copy it again"
            )
        }
        let offset = tail.suffix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard offset >= UInt64(Self.frameHeaderSize + Self.headerSize),
            offset <= UInt64(max(0, fileSize - Self.markSize))
        else { throw Self.corrupt("its mark points outside of it", path, at: fileSize - 8) }
        let imageOffset = Int(offset)
        let header = try file.bytes(at: imageOffset - Self.headerSize, count: Self.headerSize)
        try self.init(header: header, imageOffset: imageOffset, path: path)
        guard self.fileSize == fileSize, imageSize > 0, imageSize % IndexSchema.pageSize == 0,
            imageOffset == Self.imageOffset(after: framesSize)
        else {
            throw Self.corrupt("the lengths in its header do not fit its length", path, at: headerOffset)
        }
        guard let head, try file.bytes(at: framesSize, count: imageOffset - framesSize) == head else {
            throw Self.corrupt("the bytes before its index are not as they must be", path, at: framesSize)
        }
    }

    private init(header: [UInt8], imageOffset: Int, path: FilePath) throws(CacheStoreError) {
        let headerOffset = imageOffset - Self.headerSize
        guard header.count == Self.headerSize, header.starts(with: Self.magic) else {
            throw Self.corrupt("no header stands before its index", path, at: headerOffset)
        }
        func number(_ start: Int, _ count: Int) -> UInt64 {
            (0..<count).reduce(0) { $0 | UInt64(header[start + $1]) << UInt64(8 * $1) }
        }
        let version = number(8, 4)
        guard version <= UInt64(Self.currentVersion) else {
            throw CacheStoreError(
                .unsupportedVersion,
                "its format is version \(version), and this program reads up to version \(Self.currentVersion)",
                path: path,
                hint: "use the cachectl that wrote it, or a newer one"
            )
        }
        guard version > 0, let framesSize = Int(exactly: number(16, 8)), framesSize <= headerOffset,
            let imageSize = Int(exactly: number(24, 8)), imageSize <= Int(UInt32.max),
            let imageID = ObjectID(header.span.extracting(last: ObjectID.byteCount))
        else { throw Self.corrupt("its header is damaged", path, at: headerOffset) }
        self.version = Int(version)
        self.framesSize = framesSize
        self.imageOffset = imageOffset
        self.imageSize = imageSize
        self.imageID = imageID
    }

    /// Creates the trailer of an archive to be written.
    init(framesSize: Int, imageSize: Int, imageID: ObjectID) {
        self.framesSize = framesSize
        imageOffset = Self.imageOffset(after: framesSize)
        self.imageSize = imageSize
        self.imageID = imageID
    }

    private static func corrupt(_ message: String, _ path: FilePath, at offset: Int) -> CacheStoreError {
        CacheStoreError(.corruptArchive, "damaged archive: " + message, path: path, offset: offset)
    }
}
