/// A header of a zip's central directory, with the numbers from its zip64 extra field put in place.
struct ZipEntryHeader {
    /// The offset of the entry's local header.
    let localHeader: Int

    /// The offset in the directory at which this header ends.
    let end: Int

    /// The length of the entry's content, in bytes, as the directory states it.
    let uncompressedSize: Int

    private let name: String
    private let flags: UInt16
    private let method: UInt16
    private let crc: UInt32
    private let compressedSize: Int

    /// Reads a header.
    ///
    /// - Parameters:
    ///   - start: The header's offset in the directory.
    ///   - directory: The central directory.
    /// - Throws: ``ZipError`` if the header does not lie within the directory, or is malformed.
    init(at start: Int, in directory: Span<UInt8>) throws(ZipError) {
        guard start <= directory.count - ZipRecord.CentralHeader.size,
            try directory.number(UInt32.self, at: start) == ZipRecord.CentralHeader.signature
        else { throw ZipError("Zip has a malformed directory") }
        flags = try directory.number(UInt16.self, at: start + ZipRecord.CentralHeader.flags)
        method = try directory.number(UInt16.self, at: start + ZipRecord.CentralHeader.method)
        crc = try directory.number(UInt32.self, at: start + ZipRecord.CentralHeader.crc)
        let nameSize = try directory.size(UInt16.self, at: start + ZipRecord.CentralHeader.nameSize)
        let extraSize = try directory.size(UInt16.self, at: start + ZipRecord.CentralHeader.extraSize)
        let commentSize = try directory.size(UInt16.self, at: start + ZipRecord.CentralHeader.commentSize)
        let extra = start + ZipRecord.CentralHeader.size + nameSize
        end = extra + extraSize + commentSize
        guard end <= directory.count else { throw ZipError("Zip has a malformed directory") }
        name = try directory.text(nameSize, at: start + ZipRecord.CentralHeader.size)

        var sizes = [
            try directory.size(UInt32.self, at: start + ZipRecord.CentralHeader.uncompressedSize),
            try directory.size(UInt32.self, at: start + ZipRecord.CentralHeader.compressedSize),
            try directory.size(UInt32.self, at: start + ZipRecord.CentralHeader.localHeader),
        ]
        try Self.replaceFullSizes(&sizes, from: directory.extracting(extra..<extra + extraSize))
        uncompressedSize = sizes[0]
        compressedSize = sizes[1]
        localHeader = sizes[2]
    }

    /// Replaces each of `sizes` that does not fit in 32 bits by the number in the zip64 extra field.
    ///
    /// Of several such fields, Go up to 1.26 reads the first, and later releases read the last. So there may
    /// be only one.
    ///
    /// Source: APPNOTE.TXT 4.5.3.
    private static func replaceFullSizes(_ sizes: inout [Int], from extra: Span<UInt8>) throws(ZipError) {
        var full = sizes.indices.filter { sizes[$0] == 0xffff_ffff }
        var isRead = false
        var position = 0
        while position <= extra.count - 4 {
            let tag = try extra.number(UInt16.self, at: position)
            let size = try extra.size(UInt16.self, at: position + 2)
            position += 4
            guard size <= extra.count - position else { break }
            if tag == ZipRecord.zip64ExtraTag {
                guard !isRead else { throw ZipError("Zip has several zip64 fields in one entry") }
                isRead = true
                guard size >= full.count * 8 else { throw ZipError("Zip has a malformed zip64 field") }
                for (place, index) in full.enumerated() {
                    sizes[index] = try extra.size(UInt64.self, at: position + 8 * place)
                }
                full = []
            }
            position += size
        }
        guard full.isEmpty else { throw ZipError("Zip has no zip64 field where it should be") }
    }

    /// Returns the entry, checked against its local header and Go's rules.
    ///
    /// - Parameters:
    ///   - zip: The zip.
    ///   - limit: The offset of the central directory, before which content must end.
    ///   - prefix: The required beginning of the name.
    /// - Returns: The entry.
    /// - Throws: ``ZipError`` that names the entry, or ``CacheStoreError`` if the system reports an error.
    func entry(
        of zip: borrowing some ZipSource & ~Copyable,
        before limit: Int,
        prefix: String
    ) throws -> ZipEntry {
        guard name.utf8.starts(with: prefix.utf8) else {
            throw ZipError("Zip has a name that does not begin with '\(prefix)'", member: name)
        }
        let path = String(Substring(name.utf8.dropFirst(prefix.utf8.count)))
        guard flags & ZipRecord.Flag.encrypted == 0, let method = ZipEntry.Method(rawValue: method) else {
            throw ZipError("Zip has an entry that is neither stored nor deflated", member: path)
        }
        let content = try contentRange(in: zip, before: limit)
        let entry = ZipEntry(path: path, size: uncompressedSize, crc: crc, method: method, content: content)
        if entry.isDirectory {
            guard uncompressedSize == 0 else {
                throw ZipError("Zip has a directory with content", member: path)
            }
            // The slash is dropped as a byte: in Swift, it can form one character with the text before it.
            let name = String(Substring(path.utf8.dropLast()))
            guard path.isEmpty || PathRules.fault(inPath: name, .moduleZip) == nil else {
                throw ZipError("Zip has a name that Go refuses", member: path)
            }
        } else {
            guard PathRules.fault(inPath: path, .moduleZip) == nil else {
                throw ZipError("Zip has a name that Go refuses", member: path)
            }
            guard method == .deflated || compressedSize == uncompressedSize else {
                throw ZipError("Zip has a stored file of two sizes", member: path)
            }
        }
        return entry
    }

    private func contentRange(
        in zip: borrowing some ZipSource & ~Copyable,
        before limit: Int
    ) throws -> Range<Int> {
        let fixedSize = ZipRecord.LocalHeader.size
        guard localHeader <= limit - fixedSize else {
            throw ZipError("Zip has no entry where it should be", member: name)
        }
        let header = try zip.bytes(in: localHeader..<min(localHeader + fixedSize + name.utf8.count, limit))
        guard try header.span.number(UInt32.self, at: 0) == ZipRecord.LocalHeader.signature else {
            throw ZipError("Zip has no entry where it should be", member: name)
        }
        let nameSize = try header.span.size(UInt16.self, at: ZipRecord.LocalHeader.nameSize)
        let extraSize = try header.span.size(UInt16.self, at: ZipRecord.LocalHeader.extraSize)
        let start = localHeader + fixedSize + nameSize + extraSize
        guard start <= limit, compressedSize <= limit - start else {
            throw ZipError("Zip has an entry that is cut short", member: name)
        }
        guard nameSize == name.utf8.count, header[fixedSize...].elementsEqual(name.utf8) else {
            throw ZipError("Zip has an entry with two names", member: name)
        }
        return start..<start + compressedSize
    }
}
