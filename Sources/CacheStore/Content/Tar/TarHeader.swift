import Glibc

/// The header of a member of a tar stream: `ustar` of POSIX.1-2001.
///
/// If `ustar` has no room for a value, an extended header comes first. The same fields give the same bytes,
/// and nothing depends on the machine.
struct TarHeader: Hashable {
    /// The kind of a member.
    enum Kind: Hashable {
        /// A file with this many bytes of content.
        case file(Int)
        case directory
        /// A symbolic link.
        case link(to: String)
    }

    /// The length of a block, in bytes.
    ///
    /// Headers are whole blocks, and content is filled up to whole blocks.
    static let blockSize = 512

    /// The end of a stream: two blocks of zeros.
    static let end = [UInt8](repeating: 0, count: 2 * blockSize)

    /// The path, relative and without a slash at its end.
    var path: String

    var kind: Kind

    /// The permission bits.
    var mode: mode_t

    /// The modification time, in seconds since 1970; not negative.
    var time: Int

    var owner: FileOwner

    /// The extended attributes (`xattr(7)`), ordered by name.
    var extendedAttributes: [TarEntry.ExtendedAttribute] = []

    /// The beginning of the records that hold extended attributes, before the name of the attribute.
    static let attributePrefix = "SCHILY.xattr."

    /// Returns the number of bytes that fill up content of `size` bytes to a whole block.
    static func padding(for size: Int) -> Int { (blockSize - size % blockSize) % blockSize }

    /// Appends the header.
    func append(to output: inout [UInt8]) {
        let records = extendedRecords
        if !records.isEmpty {
            Self.appendBlock(
                name: Array("PaxHeaders".utf8)[...],
                mode: 0o644,
                size: records.count,
                type: UInt8(ascii: "x"),
                to: &output
            )
            output += records
            output += [UInt8](repeating: 0, count: Self.padding(for: records.count))
        }
        // Where a value does not fit here, readers take the value in the extended header instead.
        let (prefix, name) = splitName ?? ([], Array(name.prefix(Self.nameSize))[...])
        Self.appendBlock(
            prefix: prefix,
            name: name,
            mode: mode,
            owner: owner,
            size: size <= Self.maximumSize ? size : 0,
            time: time <= Self.maximumSize ? time : 0,
            type: typeFlag,
            link: Array(target.utf8.prefix(Self.nameSize)),
            to: &output
        )
    }

    // MARK: - Fields

    private static let nameSize = 100
    private static let prefixSize = 155

    /// The largest number of eleven octal digits: 8 GiB less one.
    private static let maximumSize = 1 << 33 - 1

    /// The largest number of seven octal digits.
    private static let maximumID = 1 << 21 - 1

    private var size: Int {
        if case .file(let size) = kind { size } else { 0 }
    }

    private var target: String {
        if case .link(let target) = kind { target } else { "" }
    }

    private var typeFlag: UInt8 {
        switch kind {
        case .file: UInt8(ascii: "0")
        case .directory: UInt8(ascii: "5")
        case .link: UInt8(ascii: "2")
        }
    }

    /// The path in its stored form: the path of a directory ends in a slash.
    private var name: [UInt8] { Array(path.utf8) + (kind == .directory ? [UInt8(ascii: "/")] : []) }

    /// The path, cut at a slash into the contents of the fields `prefix` and `name`.
    ///
    /// The result is `nil` if the path can't be cut so, or is not ASCII.
    private var splitName: (prefix: [UInt8], name: ArraySlice<UInt8>)? {
        let name = name
        guard name.allSatisfy({ $0 < 0x80 }) else { return nil }
        if name.count <= Self.nameSize { return ([], name[...]) }
        // Neither field stores the slash itself.
        let first = name.count - Self.nameSize - 1
        guard first <= Self.prefixSize else { return nil }
        let slashes = (max(1, first)...min(Self.prefixSize, name.count - 2)).lazy
        guard let cut = slashes.first(where: { name[$0] == UInt8(ascii: "/") }) else { return nil }
        return (Array(name[..<cut]), name[(cut + 1)...])
    }

    /// The records of the extended header, for values that do not fit in the fields of the other header.
    private var extendedRecords: [UInt8] {
        var records: [UInt8] = []
        for attribute in extendedAttributes {
            records += Self.record(Self.attributePrefix + attribute.name, attribute.value)
        }
        if owner.group > Self.maximumID { records += Self.record("gid", "\(owner.group)") }
        if target.utf8.count > Self.nameSize || !target.utf8.allSatisfy({ $0 < 0x80 }) {
            records += Self.record("linkpath", target)
        }
        if time > Self.maximumSize { records += Self.record("mtime", "\(time)") }
        if splitName == nil { records += Self.record("path", String(decoding: name, as: UTF8.self)) }
        if size > Self.maximumSize { records += Self.record("size", "\(size)") }
        if owner.user > Self.maximumID { records += Self.record("uid", "\(owner.user)") }
        return records
    }

    /// Returns a record `LENGTH KEY=VALUE` with a line feed; the length counts its own digits.
    private static func record(_ key: String, _ value: String) -> [UInt8] {
        record(key, Array(value.utf8))
    }

    private static func record(_ key: String, _ value: [UInt8]) -> [UInt8] {
        let rest = key.utf8.count + value.count + 3
        var length = rest + String(rest).utf8.count
        if rest + String(length).utf8.count > length { length += 1 }
        return Array("\(length) \(key)=".utf8) + value + [UInt8(ascii: "\n")]
    }

    // MARK: - Bytes

    private static func appendBlock(
        prefix: [UInt8] = [],
        name: ArraySlice<UInt8>,
        mode: mode_t,
        owner: FileOwner = FileOwner(),
        size: Int,
        time: Int = 0,
        type: UInt8,
        link: [UInt8] = [],
        to output: inout [UInt8]
    ) {
        let start = output.count
        func field(_ bytes: some Sequence<UInt8>, _ width: Int) {
            let end = output.count + width
            output.append(contentsOf: bytes)
            output.append(contentsOf: repeatElement(0, count: end - output.count))
        }
        func number(_ value: Int, digits: Int) {
            let text = String(value, radix: 8)
            output.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: digits - text.utf8.count))
            output.append(contentsOf: text.utf8)
            output.append(0)
        }
        field(name, nameSize)
        number(Int(mode), digits: 7)
        number(owner.user <= maximumID ? owner.user : 0, digits: 7)
        number(owner.group <= maximumID ? owner.group : 0, digits: 7)
        number(size, digits: 11)
        number(time, digits: 11)
        let checksum = output.count
        // The sum is computed as if its own field were blanks.
        output.append(contentsOf: repeatElement(0x20, count: 8))
        output.append(type)
        field(link, nameSize)
        field("ustar\0".utf8, 6)
        field("00".utf8, 2)
        field([], 64)
        number(0, digits: 7)
        number(0, digits: 7)
        field(prefix, prefixSize)
        field([], start + blockSize - output.count)
        let sum = output[start...].reduce(0) { $0 + Int($1) }
        let digits = String(sum, radix: 8)
        let text = String(repeating: "0", count: 6 - digits.utf8.count) + digits
        for (index, byte) in (Array(text.utf8) + [0]).enumerated() { output[checksum + index] = byte }
    }
}
