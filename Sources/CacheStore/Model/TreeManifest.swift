/// The files of a module tree: paths, executable bits and lengths, without their content.
///
/// Stored as one chunk of text, one line a file: see <doc:Format>.
struct TreeManifest: Hashable {
    /// A file of the tree.
    struct Entry: Hashable {
        /// The path in the tree.
        var path: String
        /// The length in bytes.
        var size: Int
        /// Whether it may be executed.
        var isExecutable: Bool
    }

    /// The files, ordered by path.
    let entries: [Entry]

    /// The length of all files, in bytes.
    let size: Int

    /// Where in the files an offset in their stream is.
    ///
    /// - Parameter offset: The offset, from 0 to ``size``, in bytes.
    /// - Returns: The first file that does not end before the offset, and what of it is before the offset.
    func position(at offset: Int) -> (entry: Int, done: Int) {
        var (entry, rest) = (0, offset)
        while rest > 0, entry < entries.count, entries[entry].size <= rest {
            rest -= entries[entry].size
            entry += 1
        }
        return (entry, rest)
    }

    /// The number of executable files.
    var executables: Int { entries.count { $0.isExecutable } }

    /// Creates a manifest of files in any order.
    ///
    /// - Parameter entries: The files.
    /// - Throws: ``Fault`` if they can't stand together in a tree.
    init(_ entries: [Entry]) throws(Fault) {
        try self.init(ordered: entries.sorted { $0.path.precedes($1.path) })
    }

    /// What is wrong with a manifest.
    struct Fault: Error {
        /// The reason in words.
        let message: String
    }

    private init(ordered entries: [Entry]) throws(Fault) {
        var size = 0
        for entry in entries {
            if let fault = PathRules.fault(inPath: entry.path) {
                throw Fault(message: "the name `\(entry.path)` is not allowed: \(fault)")
            }
            let (sum, overflow) = size.addingReportingOverflow(entry.size)
            guard !overflow else { throw Fault(message: "its files are longer than can be counted") }
            size = sum
        }
        switch PathRules.collision(among: entries.lazy.map(\.path), ignoringCase: true) {
        case .twice(let path), .directory(let path):
            throw Fault(message: "`\(path)` stands twice in it, or where a directory is, if case is ignored")
        case nil: break
        }
        self.entries = entries
        self.size = size
    }

    // MARK: - Text

    /// The manifest's text.
    var text: [UInt8] {
        var result: [UInt8] = []
        for entry in entries {
            result += Array("\(entry.isExecutable ? "x" : "f") \(entry.size) \(entry.path)\n".utf8)
        }
        return result
    }

    /// Reads a manifest from its text.
    ///
    /// - Parameter text: The content of the manifest's chunk.
    /// - Throws: ``Fault`` if it is anything but the text of a manifest.
    init(text: Span<UInt8>) throws(Fault) {
        var entries: [Entry] = []
        var position = 0
        while position < text.count {
            guard let end = Self.index(of: 0x0A, in: text, from: position), end - position >= 5,
                text[position] == UInt8(ascii: "f") || text[position] == UInt8(ascii: "x"),
                text[position + 1] == 0x20,
                let space = Self.index(of: 0x20, in: text, from: position + 2), space < end,
                let size = Self.number(text.extracting(position + 2..<space)),
                let path = Self.string(text.extracting(space + 1..<end))
            else { throw Fault(message: "its manifest is no list of files, at byte \(position)") }
            if let last = entries.last, !last.path.precedes(path) {
                throw Fault(message: "its manifest is not ordered, at `\(path)`")
            }
            entries.append(Entry(path: path, size: size, isExecutable: text[position] == UInt8(ascii: "x")))
            position = end + 1
        }
        try self.init(ordered: entries)
    }

    private static func index(of byte: UInt8, in text: Span<UInt8>, from start: Int) -> Int? {
        for index in start..<text.count where text[index] == byte { return index }
        return nil
    }

    /// Decimal digits without a leading zero.
    private static func number(_ digits: Span<UInt8>) -> Int? {
        guard (1...18).contains(digits.count), digits.count == 1 || digits[0] != 0x30 else { return nil }
        var value = 0
        for index in digits.indices {
            guard (0x30...0x39).contains(digits[index]) else { return nil }
            value = value * 10 + Int(digits[index] - 0x30)
        }
        return value
    }

    private static func string(_ bytes: Span<UInt8>) -> String? {
        var copy: [UInt8] = []
        copy.reserveCapacity(bytes.count)
        for index in bytes.indices { copy.append(bytes[index]) }
        return String(validating: copy, as: UTF8.self)
    }
}
