/// What a compiled package says of itself: its import path, and where its sources lay.
///
/// The archive's file `_go_.o` holds an object file (Go's cmd/internal/goobj/objfile.go, `\0go120ld`, the same from
/// Go 1.20 to 1.27): a string table, then blocks of records. A symbol `go:cuinfo.packagename.PATH` names the
/// import path (cmd/compile/internal/dwarfgen, `RecordPackageName`).
struct CompiledPackage: Hashable {
    /// The import path; `main` for any program.
    var importPath: String

    /// The first of its source files, as the compiler was told it.
    var file: String?

    /// What a beginning of an archive tells.
    enum Reading {
        /// The package.
        case package(CompiledPackage)
        /// Nothing yet: more bytes are needed.
        case incomplete
        /// It is no archive of a package that names it.
        case unknown
    }

    private static let prefix = Array("go:cuinfo.packagename.".utf8)
    private static let magic = Array("\0go120ld".utf8)

    /// The positions of blocks in the list of offsets.
    private static let (fileBlock, symbolBlock, referenceBlock, blockCount) = (2, 3, 7, 19)

    /// The length of a record in the symbol blocks, in bytes.
    private static let symbolSize = 21

    /// Reads the beginning of an archive.
    ///
    /// - Parameter content: Its first bytes, untrusted.
    /// - Returns: What they tell.
    static func read(_ content: [UInt8]) -> Reading {
        guard content.starts(with: Array("!<arch>\n".utf8)) else { return .unknown }
        var position = 8
        // Each file has 60 bytes of header, with its name at 0 and its length in decimal at 48.
        while true {
            guard position + 60 <= content.count else { return .incomplete }
            let header = content[position..<position + 60]
            let length = String(decoding: header.dropFirst(48).prefix(10), as: UTF8.self).prefix { $0 != " " }
            guard let size = Int(length), (0..<1 << 40).contains(size) else { return .unknown }
            let start = position + 60
            if header.starts(with: Array("_go_.o ".utf8)) {
                return read(content, object: start..<min(start + size, content.count))
            }
            position = start + size + size % 2
        }
    }

    private static func read(_ content: [UInt8], object: Range<Int>) -> Reading {
        // A text that ends in a line `!` comes first; it is short.
        let end = Array("\n!\n".utf8)
        let text = object.prefix(4096)
        guard let mark = text.first(where: { content[$0...].starts(with: end) }) else {
            return text.count < 4096 ? .incomplete : .unknown
        }
        let base = mark + end.count
        let offsets = base + magic.count + 8 + 4
        guard offsets + 4 * blockCount <= object.upperBound else { return .incomplete }
        guard content[base...].starts(with: magic) else { return .unknown }
        func number(at place: Int) -> Int {
            (0..<4).reduce(0) { $0 | Int(content[place + $1]) << (8 * $1) }
        }
        func block(_ index: Int) -> Int { base + number(at: offsets + 4 * index) }
        let (first, last) = (block(symbolBlock), block(referenceBlock))
        guard base <= block(fileBlock), block(fileBlock) <= first, first <= last else { return .unknown }
        guard last <= object.upperBound else { return .incomplete }
        /// A string is stored as its length and its offset.
        func string(at place: Int) -> ArraySlice<UInt8>? {
            let (length, start) = (number(at: place), base + number(at: place + 4))
            return start + length <= block(fileBlock) ? content[start..<start + length] : nil
        }
        let files = stride(from: block(fileBlock), to: first - 7, by: 8).lazy.compactMap(string)
        // The files that the compiler makes up are in angle brackets.
        let file = files.first { $0.first != UInt8(ascii: "<") }
        // The symbol blocks lie one after another, each of whole records.
        for index in symbolBlock..<referenceBlock {
            for place in stride(from: block(index), to: block(index + 1) - symbolSize + 1, by: symbolSize) {
                guard let name = string(at: place) else { return .unknown }
                guard name.starts(with: prefix) else { continue }
                let path = String(decoding: name.dropFirst(prefix.count), as: UTF8.self)
                return .package(
                    CompiledPackage(
                        importPath: path,
                        file: file.map { String(decoding: $0, as: UTF8.self) }
                    )
                )
            }
        }
        return .unknown
    }
}
