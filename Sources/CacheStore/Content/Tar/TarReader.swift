import Glibc

/// A reader of the headers of a tar stream: `ustar` and `pax` of POSIX.1-2001, and GNU's extensions.
///
/// The stream arrives in pieces of any size. Content is skipped, except for the few bytes of a `.ziphash`, so
/// memory is bounded by the longest extended header, 1 MiB. Nothing in a stream can make the reader trap.
///
/// Source: archive/tar of Go, which engines use, and `tar(5)`.
struct TarReader {
    /// A fault in a tar stream.
    struct Fault: Error, CustomStringConvertible {
        let description: String
    }

    /// The greatest length of an extended header, in bytes, as in Go's archive/tar (`maxSpecialFileSize`).
    private static let longestExtension = 1 << 20

    /// The greatest length of a path, in bytes; Linux opens paths of up to 4095 bytes.
    private static let longestPath = 4096

    private static let blockSize = TarHeader.blockSize

    /// The part of the stream that comes next.
    private enum State {
        case header
        /// Further blocks of the map of a sparse file, then content of this many bytes.
        case sparseMap(Int)
        /// The content of an extended header of this type.
        case extended(UInt8, size: Int)
        /// The content of a member that is kept.
        case hash(TarEntry, size: Int)
        case end
    }

    private var state = State.header
    private var block: [UInt8] = []
    private var skipping = 0
    private var records: [String: [UInt8]] = [:]
    private var longName: [UInt8]?
    private var longLink: [UInt8]?

    /// The number of bytes of the stream that were read or skipped.
    private(set) var position = 0

    /// Whether the end of the stream was read; all further bytes are ignored.
    var isAtEnd: Bool { if case .end = state { true } else { false } }

    /// Whether the stream could end here: at its end, or between members.
    var isWhole: Bool {
        if case .header = state { return block.isEmpty && skipping == 0 }
        return isAtEnd
    }

    /// The number of bytes of content that come next and that the reader skips.
    var skippableBytes: Int { skipping }

    /// Passes over the content that comes next, as if it had been read.
    mutating func skipContent() {
        position += skipping
        skipping = 0
    }

    /// Reads the next piece of the stream.
    ///
    /// - Parameters:
    ///   - bytes: The piece.
    ///   - body: Called with each member whose header is complete, and its content if that is kept.
    /// - Throws: ``Fault``, or the error of `body`.
    mutating func append(_ bytes: Span<UInt8>, _ body: (TarEntry) throws -> Void) throws {
        let start = position
        var position: Int { self.position - start }
        while position < bytes.count, !isAtEnd {
            if skipping > 0 {
                let count = min(skipping, bytes.count - position)
                skipping -= count
                self.position += count
                continue
            }
            let wanted =
                switch state {
                case .extended(_, let size), .hash(_, let size): size
                default: Self.blockSize
                }
            let count = min(wanted - block.count, bytes.count - position)
            for index in position..<position + count { block.append(bytes[index]) }
            self.position += count
            if block.count == wanted { try take(body) }
        }
    }

    /// Takes the block that is complete.
    private mutating func take(_ body: (TarEntry) throws -> Void) throws {
        let taken = block
        block.removeAll(keepingCapacity: true)
        switch state {
        case .header: try takeHeader(taken, body)
        case .sparseMap(let size):
            // The last byte that GNU uses tells whether another block follows (`struct sparse_header`).
            if taken[504] == 0 { skip(size) }
        case .extended(let type, let size):
            state = .header
            skipping = TarHeader.padding(for: size)
            try takeExtension(type, taken)
        case .hash(var entry, let size):
            entry.hash = taken
            state = .header
            skipping = TarHeader.padding(for: size)
            try body(entry)
        case .end: return
        }
    }

    private mutating func skip(_ size: Int) {
        state = .header
        // `size` has at most 62 bits: see `number(in:)`.
        skipping = size + TarHeader.padding(for: size)
    }

    // MARK: - Headers

    private mutating func takeHeader(_ header: [UInt8], _ body: (TarEntry) throws -> Void) throws {
        guard header.contains(where: { $0 != 0 }) else {
            state = .end
            return
        }
        guard Self.hasChecksum(header) else { throw Fault(description: "a header has another checksum") }
        guard let stated = Self.number(in: header[124..<136]) else {
            throw Fault(description: "a header has no valid size")
        }
        let type = header[156]
        switch type {
        case UInt8(ascii: "x"), UInt8(ascii: "g"), UInt8(ascii: "L"), UInt8(ascii: "K"):
            guard stated <= Self.longestExtension else {
                throw Fault(description: "an extended header is longer than 1 MiB")
            }
            if stated > 0 { state = .extended(type, size: stated) }
            return
        default: break
        }
        var size = stated
        if let text = records["size"] {
            guard let number = Self.decimal(text) else {
                throw Fault(description: "an extended header has no valid size")
            }
            size = number
        }
        let kind = try kind(type, header)
        // Only these have content, whatever the header states (`isHeaderOnly` of Go's archive/tar).
        if (UInt8(ascii: "1")...UInt8(ascii: "6")).contains(type) { size = 0 }
        var entry = try entry(kind, header)
        entry.content = try content(type, header, size: size)
        (records, longName, longLink) = ([:], nil, nil)
        if type == UInt8(ascii: "S"), header[482] != 0 {
            state = .sparseMap(size)
        } else if type != UInt8(ascii: "S"), entry.isHash(size) {
            state = .hash(entry, size: size)
            return
        } else {
            skip(size)
        }
        try body(entry)
    }

    private func kind(_ type: UInt8, _ header: [UInt8]) throws -> TarEntry.Kind {
        func target() throws -> String { try path(targetBytes(header)) }
        switch type {
        case UInt8(ascii: "1"): return .hardLink(to: try target())
        case UInt8(ascii: "2"): return .symbolicLink(to: try target())
        case UInt8(ascii: "5"): return .directory
        case 0, UInt8(ascii: "0"):
            // The oldest format marks a directory by the slash at the end of its name.
            return try name(header).hasSuffix("/") ? .directory : .file
        default: return .file
        }
    }

    private func name(_ header: [UInt8]) throws -> String { try path(nameBytes(header)) }

    private func nameBytes(_ header: [UInt8]) -> [UInt8] {
        if let name = records["GNU.sparse.name"] ?? records["path"] ?? longName { return name }
        let name = Self.text(header[0..<100])
        guard header[257..<263].elementsEqual("ustar\0".utf8) else { return name }
        let prefix = Self.text(header[345..<500])
        return prefix.isEmpty ? name : prefix + [UInt8(ascii: "/")] + name
    }

    private func targetBytes(_ header: [UInt8]) -> [UInt8] {
        records["linkpath"] ?? longLink ?? Self.text(header[157..<257])
    }

    private func path(_ bytes: [UInt8]) throws -> String {
        guard bytes.count <= Self.longestPath else {
            throw Fault(description: "a path is longer than \(Self.longestPath) bytes")
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func entry(_ kind: TarEntry.Kind, _ header: [UInt8]) throws -> TarEntry {
        func owner(_ key: String, _ field: Range<Int>) -> Int {
            let number = records[key].flatMap(Self.decimal) ?? Self.number(in: header[field])
            return min(number ?? 0, 0xFFFF_FFFE)
        }
        let attributes = records.filter { $0.key.hasPrefix(TarHeader.attributePrefix) }.map {
            TarEntry.ExtendedAttribute(
                name: String($0.key.dropFirst(TarHeader.attributePrefix.count)),
                value: $0.value
            )
        }
        return TarEntry(
            path: try name(header),
            kind: kind,
            mode: mode_t((Self.number(in: header[100..<108]) ?? 0o755) & 0o7777),
            owner: FileOwner(user: owner("uid", 108..<116), group: owner("gid", 116..<124)),
            extendedAttributes: attributes.sorted { $0.name.precedes($1.name) }
        )
    }

    /// Returns the facts about the content of a member, which begins at the present position.
    private func content(_ type: UInt8, _ header: [UInt8], size: Int) throws -> TarEntry.Content {
        let time =
            records["mtime"].map(Self.time) ?? (
                seconds: Self.number(in: header[136..<148]) ?? 0, nanoseconds: 0
            )
        return TarEntry.Content(
            offset: position,
            size: size,
            modified: time.seconds,
            modifiedNanoseconds: time.nanoseconds,
            type: type,
            isSparse: type == UInt8(ascii: "S") || records.keys.contains { $0.hasPrefix("GNU.sparse.") },
            hasValidPath: isValid(nameBytes(header)) && isValid(targetBytes(header))
        )
    }

    /// Returns whether a path is UTF-8 without a NUL.
    private func isValid(_ path: [UInt8]) -> Bool {
        !path.contains(0) && String(validating: path, as: UTF8.self) != nil
    }

    // MARK: - Extended headers

    private mutating func takeExtension(_ type: UInt8, _ content: [UInt8]) throws {
        switch type {
        case UInt8(ascii: "L"): longName = Array(content.prefix { $0 != 0 })
        case UInt8(ascii: "K"): longLink = Array(content.prefix { $0 != 0 })
        // A global header holds comments and defaults that engines do not use.
        case UInt8(ascii: "g"): return
        default:
            records = try Self.records(content)
            (longName, longLink) = (nil, nil)
        }
    }

    /// Returns the records `LENGTH KEY=VALUE` of an extended header, each with a line feed.
    private static func records(_ content: [UInt8]) throws -> [String: [UInt8]] {
        let fault = Fault(description: "an extended header is malformed")
        var result: [String: [UInt8]] = [:]
        var rest = content[...]
        while !rest.isEmpty, rest.first != 0 {
            guard let blank = rest.firstIndex(of: UInt8(ascii: " ")),
                let length = decimal(Array(rest[..<blank])), length <= rest.count,
                length > blank - rest.startIndex + 1
            else { throw fault }
            let record = rest[(blank + 1)..<(rest.startIndex + length)]
            guard record.last == UInt8(ascii: "\n"), let mark = record.firstIndex(of: UInt8(ascii: "="))
            else { throw fault }
            let key = String(decoding: record[..<mark], as: UTF8.self)
            result[key] = Array(record[(mark + 1)...].dropLast())
            rest = rest[(rest.startIndex + length)...]
        }
        return result
    }

    // MARK: - Fields

    private static func text(_ field: ArraySlice<UInt8>) -> [UInt8] { Array(field.prefix { $0 != 0 }) }

    private static func decimal(_ text: [UInt8]) -> Int? {
        guard (1...18).contains(text.count), text.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return text.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }

    /// Returns a time in seconds since 1970 with a fraction, as extended headers state it; 1970 for other
    /// text.
    private static func time(_ text: [UInt8]) -> (seconds: Int, nanoseconds: Int) {
        let parts = text.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        guard let seconds = parts.first.flatMap({ decimal(Array($0)) }) else { return (0, 0) }
        let fraction = parts.count == 2 ? Array(parts[1].prefix(9)) : []
        let digits = fraction + [UInt8](repeating: 0x30, count: 9 - fraction.count)
        return (seconds, decimal(digits) ?? 0)
    }

    /// Returns the number in a field: octal digits, or binary if the first bit is set.
    ///
    /// The result is `nil` for a negative number, one of more than 62 bits, and for other text.
    private static func number(in field: ArraySlice<UInt8>) -> Int? {
        guard let first = field.first else { return nil }
        var result = 0
        if first & 0x80 != 0 {
            for (index, byte) in field.enumerated() {
                let byte = index == 0 ? byte & 0x7F : byte
                guard result < 1 << 54 else { return nil }
                result = result << 8 | Int(byte)
            }
            return first & 0x40 == 0 ? result : nil
        }
        let digits = field.drop { $0 == 0x20 || $0 == 0 }.prefix { $0 != 0x20 && $0 != 0 }
        for digit in digits {
            guard (0x30...0x37).contains(digit) else { return nil }
            result = result << 3 | Int(digit - 0x30)
        }
        return result
    }

    /// Returns whether a header has its checksum; some writers add the bytes as signed numbers.
    private static func hasChecksum(_ header: [UInt8]) -> Bool {
        guard let stated = number(in: header[148..<156]) else { return false }
        var (unsigned, signed) = (0, 0)
        for (index, byte) in header.enumerated() {
            let byte = (148..<156).contains(index) ? 0x20 : byte
            unsigned += Int(byte)
            signed += Int(Int8(bitPattern: byte))
        }
        return stated == unsigned || stated == signed
    }
}
