/// The files of a module tree: paths, executable bits and lengths, without the content.
///
/// A manifest is stored as one chunk of text, with one line per file: see <doc:Format>.
struct TreeManifest: Hashable {
    /// A file of the tree.
    struct Entry: Hashable {
        /// The path of the file in the tree.
        var path: String
        /// The length of the file, in bytes.
        var size: Int
        /// Whether the file may be executed.
        var isExecutable: Bool
    }

    /// The files, ordered by path.
    let entries: [Entry]

    /// The length of all files, in bytes.
    let size: Int

    /// Returns the file and the place in it that an offset in the stream of all files leads to.
    ///
    /// - Parameter offset: The offset, from 0 to ``size``, in bytes.
    /// - Returns: The first file that ends after the offset, and the number of its bytes before the offset.
    ///   At offset 0, it is the first file.
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
    /// - Throws: ``Fault`` if the files can't be in one tree.
    init(_ entries: [Entry]) throws(Fault) {
        try self.init(ordered: entries.sorted { $0.path.precedes($1.path) })
    }

    /// A fault of a manifest.
    struct Fault: Error {
        /// The fault in words.
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
            throw Fault(message: "`\(path)` occurs twice in it, or also as a directory, if case is ignored")
        case nil: break
        }
        self.entries = entries
        self.size = size
    }

    // MARK: - Text

    /// The manifest as text.
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
    /// - Throws: ``Fault`` if `text` is not the text of a manifest.
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

    /// Returns the number that decimal digits without a leading zero stand for, or `nil` for anything else.
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
