/// The constants of the zip format, as APPNOTE.TXT 6.3.10 defines them.
///
/// Offsets are relative to a record's signature.
enum ZipRecord {
    /// The local file header, before each member's content (section 4.3.7).
    enum LocalHeader {
        static let signature: UInt32 = 0x0403_4b50
        static let size = 30
        static let nameSize = 26
        static let extraSize = 28
    }

    /// The data descriptor, behind a member's content if its flag is set (section 4.3.9).
    enum DataDescriptor {
        static let signature: UInt32 = 0x0807_4b50
        static let size = 16
    }

    /// The central directory header, one per member (section 4.3.12).
    enum CentralHeader {
        static let signature: UInt32 = 0x0201_4b50
        static let size = 46
        static let flags = 8
        static let method = 10
        static let crc = 16
        static let compressedSize = 20
        static let uncompressedSize = 24
        static let nameSize = 28
        static let extraSize = 30
        static let commentSize = 32
        static let localHeader = 42
    }

    /// The zip64 end of central directory record (section 4.3.14).
    enum Zip64End {
        static let signature: UInt32 = 0x0606_4b50
        static let size = 56
        static let count = 32
        static let directorySize = 40
        static let directory = 48
    }

    /// The zip64 end of central directory locator (section 4.3.15).
    enum Zip64Locator {
        static let signature: UInt32 = 0x0706_4b50
        static let size = 20
        static let disk = 4
        static let end = 8
        static let diskCount = 16
    }

    /// The end of central directory record (section 4.3.16).
    enum End {
        static let signature: UInt32 = 0x0605_4b50
        static let size = 22
        static let count = 10
        static let directorySize = 12
        static let directory = 16
        static let commentSize = 20
    }

    /// The bits of the general purpose flags (section 4.4.4).
    enum Flag {
        static let encrypted: UInt16 = 1 << 0
        static let dataDescriptor: UInt16 = 1 << 3
        static let utf8: UInt16 = 1 << 11
    }

    /// The tag of the extra field with sizes of 64 bits (section 4.5.3).
    static let zip64ExtraTag: UInt16 = 1

    /// The date 1980-01-01, the first that a zip can state (section 4.4.6).
    static let firstDate: UInt16 = 1 << 5 | 1

}

extension Span<UInt8> {
    /// Returns the little-endian number at `offset`.
    ///
    /// - Parameters:
    ///   - type: The number's type.
    ///   - offset: The offset at which the number begins; it may lie anywhere, even before the span.
    /// - Returns: The number.
    /// - Throws: ``ZipError`` if the number does not lie within the span.
    func number<Number: FixedWidthInteger>(
        _ type: Number.Type,
        at offset: Int
    ) throws(ZipError) -> Number {
        let size = Number.bitWidth / 8
        guard offset >= 0, offset <= count - size else { throw ZipError("Zip is cut short") }
        var value: Number = 0
        for index in 0..<size { value |= Number(self[offset + index]) << Number(8 * index) }
        return value
    }

    /// Returns the little-endian number at `offset`, if the number can serve as an offset or size.
    ///
    /// - Parameters:
    ///   - type: The number's type.
    ///   - offset: The offset at which the number begins; it may lie anywhere, even before the span.
    /// - Returns: The number, at least 0.
    /// - Throws: ``ZipError`` if the number does not lie within the span, or is negative as an `Int`.
    func size<Number: FixedWidthInteger>(_ type: Number.Type, at offset: Int) throws(ZipError) -> Int {
        guard let value = Int(exactly: try number(type, at: offset)) else {
            throw ZipError("Zip has an impossible offset or size")
        }
        return value
    }

    /// Returns the `size` bytes at `offset` as text.
    ///
    /// - Parameters:
    ///   - size: The number of bytes.
    ///   - offset: The offset at which the bytes begin.
    /// - Returns: The text, unchanged to the byte.
    /// - Throws: ``ZipError`` if the bytes do not lie within the span, or are not UTF-8.
    func text(_ size: Int, at offset: Int) throws(ZipError) -> String {
        guard offset >= 0, size >= 0, offset <= count, size <= count - offset else {
            throw ZipError("Zip is cut short")
        }
        guard let validated = try? UTF8Span(validating: extracting(offset..<offset + size)) else {
            throw ZipError("Zip has a name that is not UTF-8")
        }
        return String(copying: validated)
    }
}

extension [UInt8] {
    /// Appends a number with its lowest byte first.
    mutating func append(littleEndian value: some FixedWidthInteger & UnsignedInteger) {
        for index in 0..<value.bitWidth / 8 { append(UInt8(truncatingIfNeeded: value >> (8 * index))) }
    }
}
