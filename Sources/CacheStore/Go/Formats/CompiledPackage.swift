/// The description of a compiled package in its own archive: its import path, and the place of its sources.
///
/// The archive's file `_go_.o` holds an object file (Go's cmd/internal/goobj/objfile.go, `\0go120ld`, the
/// same from Go 1.20 to 1.27): a string table, then blocks of records. A symbol `go:cuinfo.packagename.PATH`
/// names the import path (cmd/compile/internal/dwarfgen, `RecordPackageName`).
struct CompiledPackage: Hashable {
    /// The import path; `main` for any program.
    var importPath: String

    /// The path of the package's first source file, as it was given to the compiler.
    var file: String?

    private static let prefix = Array("go:cuinfo.packagename.".utf8)
    private static let magic = Array("\0go120ld".utf8)

    /// The positions of blocks in the list of offsets.
    private static let (fileBlock, symbolBlock, referenceBlock, blockCount) = (2, 3, 7, 19)

    /// The length of a record in the symbol blocks, in bytes.
    private static let symbolSize = 21

    /// The number of records, and the number of bytes of text, that are searched at a time.
    private static let (recordsAtOnce, textAtOnce) = (1 << 13, 1 << 18)

    /// The length of the longest name that is accepted, in bytes: no file has a longer path on Linux.
    private static let nameLimit = 1 << 12

    /// The limit for names that begin like the wanted name, and the limit for files that are searched.
    ///
    /// The search looks for the first file that was given to the compiler. Files that the compiler made up
    /// may precede that file.
    private static let (candidateLimit, fileLimit) = (1 << 6, 1 << 6)

    /// Reads the description of a compiled package from its archive.
    ///
    /// - Parameters:
    ///   - size: The length of the archive, in bytes.
    ///   - bytes: Returns the archive's bytes, untrusted, in a range of at most 257 KiB below `size`. The
    ///     ranges come mostly in order, and none lies behind the symbols. Half of a package or more lies
    ///     behind the symbols.
    /// - Returns: The description, or `nil` if the bytes are not an archive that names its package.
    /// - Throws: The error of `bytes`.
    /// - Complexity: O(*n*) in the number of bytes before the end of the symbols; O(1) memory.
    static func read(size: Int, _ bytes: (Range<Int>) throws -> [UInt8]) rethrows -> CompiledPackage? {
        guard size >= 8, try bytes(0..<8) == Array("!<arch>\n".utf8) else { return nil }
        var position = 8
        // Each file has 60 bytes of header, with its name at 0 and its length in decimal at 48.
        while position + 60 <= size {
            let header = try bytes(position..<position + 60)
            let length = String(decoding: header.dropFirst(48).prefix(10), as: UTF8.self).prefix { $0 != " " }
            guard let count = Int(length), (0..<1 << 40).contains(count) else { return nil }
            let start = position + 60
            if header.starts(with: Array("_go_.o ".utf8)) {
                return try read(object: start..<min(start + count, size), bytes)
            }
            position = start + count + count % 2
        }
        return nil
    }

    private static func read(
        object: Range<Int>,
        _ bytes: (Range<Int>) throws -> [UInt8]
    ) rethrows -> CompiledPackage? {
        // The object begins with a short text that ends in a line `!`.
        let mark = Array("\n!\n".utf8)
        let text = try bytes(object.prefix(4096))
        guard let end = text.indices.first(where: { text[$0...].starts(with: mark) }) else { return nil }
        let base = object.lowerBound + end + mark.count
        let headerSize = magic.count + 8 + 4 + 4 * blockCount
        guard base + headerSize <= object.upperBound else { return nil }
        let header = try bytes(base..<base + headerSize)
        guard header.starts(with: magic) else { return nil }
        func block(_ index: Int) -> Int { base + number(in: header, at: magic.count + 8 + 4 + 4 * index) }
        let (first, last) = (block(symbolBlock), block(referenceBlock))
        guard base + headerSize <= block(fileBlock), block(fileBlock) <= first, first <= last,
            last <= object.upperBound
        else { return nil }
        let strings = base + headerSize..<block(fileBlock)
        let candidates = try places(of: prefix, in: strings, bytes)
        guard !candidates.isEmpty, candidates.count < candidateLimit else { return nil }
        /// Returns the range of the string with which a record begins, stored as a length and an offset.
        func string(_ records: [UInt8], _ place: Int) -> Range<Int>? {
            let (length, start) = (number(in: records, at: place), base + number(in: records, at: place + 4))
            let isInside = strings.contains(start) && length <= min(nameLimit, strings.upperBound - start)
            return isInside ? start..<start + length : nil
        }
        // The names of files that the compiler makes up are in angle brackets; those that cgo makes have no
        // directory.
        let files = (block(fileBlock)..<first).prefix(8 * fileLimit)
        var other: [UInt8]?
        let named: [UInt8]? = try firstMatch(of: 8, in: files, bytes) { records, place in
            guard let range = string(records, place) else { return nil }
            let name = try bytes(range)
            guard name.first != UInt8(ascii: "<") else { return nil }
            if name.contains(UInt8(ascii: "/")) { return name }
            other = other ?? name
            return nil
        }
        let file = named ?? other
        // The symbol blocks follow one another, and each consists of whole records.
        for index in symbolBlock..<referenceBlock where block(index) <= block(index + 1) {
            let range = (block(index)..<block(index + 1)).clamped(to: first..<last)
            let found: Range<Int>? = try firstMatch(of: symbolSize, in: range, bytes) { records, place in
                guard let range = string(records, place), range.count >= prefix.count else { return nil }
                return candidates.contains(range.lowerBound) ? range : nil
            }
            guard let found else { continue }
            return CompiledPackage(
                importPath: String(decoding: try bytes(found).dropFirst(prefix.count), as: UTF8.self),
                file: file.map { String(decoding: $0, as: UTF8.self) }
            )
        }
        return nil
    }

    /// Returns the little-endian number of four bytes at a place.
    private static func number(in bytes: [UInt8], at place: Int) -> Int {
        (0..<4).reduce(0) { $0 | Int(bytes[place + $1]) << (8 * $1) }
    }

    /// Calls `body` with the records of a range in order, and returns its first result that is not `nil`.
    private static func firstMatch<Found>(
        of recordSize: Int,
        in range: Range<Int>,
        _ bytes: (Range<Int>) throws -> [UInt8],
        _ body: (_ records: [UInt8], _ place: Int) throws -> Found?
    ) rethrows -> Found? {
        let step = recordSize * recordsAtOnce
        for start in stride(from: range.lowerBound, to: range.upperBound, by: step) {
            let records = try bytes(start..<min(start + step, range.upperBound))
            for place in stride(from: 0, through: records.count - recordSize, by: recordSize) {
                if let found = try body(records, place) { return found }
            }
        }
        return nil
    }

    /// Returns the first places of a text in a range, at most ``candidateLimit`` of them.
    private static func places(
        of text: [UInt8],
        in range: Range<Int>,
        _ bytes: (Range<Int>) throws -> [UInt8]
    ) rethrows -> [Int] {
        var places: [Int] = []
        for start in stride(from: range.lowerBound, to: range.upperBound, by: textAtOnce) {
            // Pieces overlap: each contains the whole of a text that begins in its first `textAtOnce` bytes.
            let piece = try bytes(start..<min(start + textAtOnce + text.count - 1, range.upperBound))
            // The search looks for the colon, a rare byte, and then compares the whole text.
            let colon = UInt8(ascii: ":")
            let before = text.firstIndex(of: colon) ?? 0
            var next = before
            while places.count < candidateLimit,
                let mark = ByteSearch.first(colon, in: piece.span, from: next)
            {
                if piece[(mark - before)...].starts(with: text) { places.append(start + mark - before) }
                next = mark + 1
            }
        }
        return places
    }
}
