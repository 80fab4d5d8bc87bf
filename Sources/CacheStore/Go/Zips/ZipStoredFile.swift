/// A file that a ``ModuleZipWriter`` writes, and the zip records about it.
struct ZipStoredFile {
    private let name: String
    private let size: Int

    /// The offset of the local header in the zip.
    private let localHeader: Int

    /// The number of bytes of the content that are still to come.
    private(set) var remaining: Int

    private var crc = CRC32()

    /// Creates a file of which no content has been written yet.
    ///
    /// - Parameters:
    ///   - name: The name in the zip, with the module's prefix; at most 65,535 bytes.
    ///   - size: The size in bytes; at most ``FormatLimits/zipSize``.
    ///   - localHeader: The offset in the zip at which the file begins, less than 4 GiB.
    init(name: String, size: Int, localHeader: Int) {
        self.name = name
        self.size = size
        self.localHeader = localHeader
        remaining = size
    }

    /// Returns the number of bytes that a file takes in a zip besides its content.
    static func overhead(nameSize: Int) -> Int {
        let local = ZipRecord.LocalHeader.size + nameSize + ZipRecord.DataDescriptor.size
        return local + ZipRecord.CentralHeader.size + nameSize
    }

    /// Counts `content` as written.
    mutating func append(_ content: Span<UInt8>) {
        remaining -= content.count
        crc.update(content)
    }

    /// The local header, which comes before the content (APPNOTE.TXT 4.3.7).
    ///
    /// The CRC-32 and the sizes are 0 here, because the data descriptor holds them (4.4.4, bit 3).
    var localHeaderRecord: [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(littleEndian: ZipRecord.LocalHeader.signature)
        appendAttributes(to: &bytes, crc: 0, size: 0)
        return bytes + name.utf8
    }

    /// The data descriptor, which comes after the content (APPNOTE.TXT 4.3.9).
    var dataDescriptorRecord: [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(littleEndian: ZipRecord.DataDescriptor.signature)
        bytes.append(littleEndian: crc.value)
        bytes.append(littleEndian: UInt32(truncatingIfNeeded: size))
        bytes.append(littleEndian: UInt32(truncatingIfNeeded: size))
        return bytes
    }

    /// The file's entry in the central directory (APPNOTE.TXT 4.3.12).
    var centralHeaderRecord: [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(littleEndian: ZipRecord.CentralHeader.signature)
        bytes.append(littleEndian: Self.version)
        appendAttributes(to: &bytes, crc: crc.value, size: size)
        // No comment, first disk, no attributes.
        bytes += [UInt8](repeating: 0, count: 10)
        bytes.append(littleEndian: UInt32(truncatingIfNeeded: localHeader))
        return bytes + name.utf8
    }

    /// The version that made the zip and that is needed to read it: 2.0, the first with data descriptors.
    private static let version: UInt16 = 20

    /// Appends the fields that both headers have in common.
    private func appendAttributes(to bytes: inout [UInt8], crc: UInt32, size: Int) {
        let isASCII = name.utf8.allSatisfy { $0 < 0x80 }
        bytes.append(littleEndian: Self.version)
        bytes.append(littleEndian: ZipRecord.Flag.dataDescriptor | (isASCII ? 0 : ZipRecord.Flag.utf8))
        bytes.append(littleEndian: ZipEntry.Method.stored.rawValue)
        bytes.append(littleEndian: UInt16(0))
        bytes.append(littleEndian: ZipRecord.firstDate)
        bytes.append(littleEndian: crc)
        bytes.append(littleEndian: UInt32(truncatingIfNeeded: size))
        bytes.append(littleEndian: UInt32(truncatingIfNeeded: size))
        bytes.append(littleEndian: UInt16(truncatingIfNeeded: name.utf8.count))
        bytes.append(littleEndian: UInt16(0))
    }
}
