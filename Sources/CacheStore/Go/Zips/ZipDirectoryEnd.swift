/// The place of a zip's central directory, taken from the record at the zip's end.
struct ZipDirectoryEnd {
    /// The number of entries from which on a zip needs the zip64 records.
    private static let zip64Count = 0xffff

    /// The length of the longest comment behind the end record, in bytes.
    private static let longestComment = 0xffff

    /// The range of the central directory in the zip.
    let directory: Range<Int>

    /// The number of entries in the directory.
    let count: Int

    /// Creates the end of a directory that is to be written.
    init(directory: Range<Int>, count: Int) {
        self.directory = directory
        self.count = count
    }

    /// Finds and reads the end of central directory record.
    ///
    /// - Parameters:
    ///   - zip: The zip.
    ///   - zipSize: The size of the zip in bytes.
    /// - Throws: ``ZipError`` if there is no such record, or the record contradicts the rest of the file, or
    ///   ``CacheStoreError`` if the system reports an error.
    /// - Complexity: O(1), as a comment has at most 64 KiB.
    init(of zip: borrowing some ZipSource & ~Copyable, size zipSize: Int) throws {
        let tailStart = max(0, zipSize - ZipRecord.End.size - Self.longestComment)
        let tail = try zip.bytes(in: tailStart..<zipSize)
        let place = try Self.find(in: tail.span)
        var end = tailStart + place
        var count = try tail.span.size(UInt16.self, at: place + ZipRecord.End.count)
        var size = try tail.span.size(UInt32.self, at: place + ZipRecord.End.directorySize)
        var start = try tail.span.size(UInt32.self, at: place + ZipRecord.End.directory)

        // Up to Go 1.26, archive/zip (reader.go, `readDirectoryEnd`) compares the size with 0xffff instead of
        // 0xffff_ffff. A zip that releases of Go read differently could hold another program for each.
        let isFull = count == 0xffff || start == 0xffff_ffff
        if !isFull, size == 0xffff || size == 0xffff_ffff, try Self.findZip64(in: zip, before: end) != nil {
            throw ZipError("Zip has a directory that releases of Go read differently")
        }
        if isFull, let zip64 = try Self.findZip64(in: zip, before: end) {
            end = zip64.offset
            count = try zip64.record.span.size(UInt64.self, at: ZipRecord.Zip64End.count)
            size = try zip64.record.span.size(UInt64.self, at: ZipRecord.Zip64End.directorySize)
            start = try zip64.record.span.size(UInt64.self, at: ZipRecord.Zip64End.directory)
        }

        guard start <= end, size <= end - start else {
            throw ZipError("Zip has no directory where it should be")
        }
        guard count <= size / ZipRecord.CentralHeader.size else {
            throw ZipError("Zip has a wrong number of entries")
        }
        // Go reads headers as long as there are any, so none may follow the last entry.
        let next = try zip.bytes(in: start + size..<start + size + 4)
        guard try next.span.number(UInt32.self, at: 0) != ZipRecord.CentralHeader.signature else {
            throw ZipError("Zip has a wrong number of entries")
        }
        self.directory = start..<start + size
        self.count = count
    }

    /// Returns the offset of the last end record in a zip's tail, like `findSignatureInBlock` of archive/zip.
    private static func find(in tail: Span<UInt8>) throws(ZipError) -> Int {
        let last = tail.count - ZipRecord.End.size
        var offset = last
        while offset >= 0 {
            if try tail.number(UInt32.self, at: offset) == ZipRecord.End.signature {
                let commentSize = try tail.size(UInt16.self, at: offset + ZipRecord.End.commentSize)
                guard commentSize <= last - offset else { throw ZipError("Zip is cut short") }
                return offset
            }
            offset -= 1
        }
        throw ZipError("File is not a zip")
    }

    /// Returns the zip64 end record and its offset, if there is one.
    ///
    /// Like `findDirectory64End` of archive/zip, this function ignores a locator with other disks.
    private static func findZip64(
        in zip: borrowing some ZipSource & ~Copyable,
        before end: Int
    ) throws -> (offset: Int, record: [UInt8])? {
        let start = end - ZipRecord.Zip64Locator.size
        guard start >= 0 else { return nil }
        let locator = try zip.bytes(in: start..<end)
        guard try locator.span.number(UInt32.self, at: 0) == ZipRecord.Zip64Locator.signature,
            try locator.span.number(UInt32.self, at: ZipRecord.Zip64Locator.disk) == 0,
            try locator.span.number(UInt32.self, at: ZipRecord.Zip64Locator.diskCount) == 1
        else { return nil }
        let offset = try locator.span.size(UInt64.self, at: ZipRecord.Zip64Locator.end)
        guard offset <= start - ZipRecord.Zip64End.size else {
            throw ZipError("Zip has no zip64 directory where it should be")
        }
        let record = try zip.bytes(in: offset..<offset + ZipRecord.Zip64End.size)
        guard try record.span.number(UInt32.self, at: 0) == ZipRecord.Zip64End.signature else {
            throw ZipError("Zip has no zip64 directory where it should be")
        }
        return (offset, record)
    }
}

extension ZipDirectoryEnd {
    /// Returns the size in bytes of ``records`` for `count` entries.
    static func recordsSize(count: Int) -> Int {
        let zip64 = count < zip64Count ? 0 : ZipRecord.Zip64End.size + ZipRecord.Zip64Locator.size
        return zip64 + ZipRecord.End.size
    }

    /// The records that follow the directory of a zip of less than 4 GiB.
    ///
    /// Only the number of entries can require the zip64 records, which precede the end record.
    var records: [UInt8] {
        var bytes: [UInt8] = []
        if count >= Self.zip64Count {
            bytes.append(littleEndian: ZipRecord.Zip64End.signature)
            bytes.append(littleEndian: UInt64(ZipRecord.Zip64End.size - 12))
            // Version 4.5, the first with zip64, made the zip and is needed to read it. Both disk numbers are
            // 0.
            bytes.append(littleEndian: UInt16(45))
            bytes.append(littleEndian: UInt16(45))
            bytes.append(littleEndian: UInt64(0))
            bytes.append(littleEndian: UInt64(count))
            bytes.append(littleEndian: UInt64(count))
            bytes.append(littleEndian: UInt64(directory.count))
            bytes.append(littleEndian: UInt64(directory.lowerBound))

            bytes.append(littleEndian: ZipRecord.Zip64Locator.signature)
            bytes.append(littleEndian: UInt32(0))
            bytes.append(littleEndian: UInt64(directory.upperBound))
            bytes.append(littleEndian: UInt32(1))
        }
        let shortCount = UInt16(min(count, Self.zip64Count))
        bytes.append(littleEndian: ZipRecord.End.signature)
        bytes.append(littleEndian: UInt32(0))
        bytes.append(littleEndian: shortCount)
        bytes.append(littleEndian: shortCount)
        bytes.append(littleEndian: UInt32(truncatingIfNeeded: directory.count))
        bytes.append(littleEndian: UInt32(truncatingIfNeeded: directory.lowerBound))
        bytes.append(littleEndian: UInt16(0))
        return bytes
    }
}
