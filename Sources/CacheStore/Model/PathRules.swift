/// Which names an archive may hold: those that every file system and Go itself can take.
///
/// Source: golang.org/x/mod/module, `CheckFilePath` and `CheckPath`.
enum PathRules {
    private static let devices: Set<String> = {
        var names: Set<String> = ["con", "prn", "aux", "nul"]
        for digit in 1...9 { names.formUnion(["com\(digit)", "lpt\(digit)"]) }
        return names
    }()

    /// Why `path` is no relative path that an archive may hold, or `nil` if it is one.
    static func fault(inPath path: String) -> String? {
        guard path.utf8.count <= 4096 else { return "it is longer than 4096 bytes" }
        for element in path.pathElements {
            if let fault = fault(inElement: element) { return fault }
        }
        return nil
    }

    private static func fault(inElement element: String) -> String? {
        guard (1...255).contains(element.utf8.count) else {
            return element.isEmpty ? "it has an empty element" : "an element is longer than 255 bytes"
        }
        guard element.utf8.last != UInt8(ascii: ".") else { return "an element ends in a dot" }
        for byte in element.utf8 {
            switch byte {
            case 0..<0x20, 0x7F: return "it holds a control character"
            case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "<"),
                UInt8(ascii: ">"),
                UInt8(ascii: "?"), UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "\\"),
                UInt8(ascii: ":"):
                return "it holds `\(Character(Unicode.Scalar(byte)))`"
            default: continue
            }
        }
        // The longest device name has four letters: most elements need no look-up.
        let stem = String(decoding: element.utf8.prefix { $0 != UInt8(ascii: ".") }, as: UTF8.self)
        if (3...4).contains(stem.utf8.count), devices.contains(stem.lowercased()) {
            return "`\(stem)` is the name of a device"
        }
        return nil
    }

    /// Why `name` can't be the file in an executable output's directory, or `nil` if it can.
    static func fault(inExecutableName name: String) -> String? {
        guard (1...255).contains(name.utf8.count), name != ".", name != ".." else {
            return "it is no name of a file"
        }
        let isPlain = name.utf8.allSatisfy { $0 != UInt8(ascii: "/") && $0 >= 0x20 && $0 != 0x7F }
        return isPlain ? nil : "it holds a slash or a control character"
    }

    /// Why `path` can't lie below `cache/download/sumdb`, or `nil` if it can.
    static func fault(inChecksumPath path: String) -> String? {
        if let fault = fault(inPath: path) { return fault }
        let elements = path.pathElements
        guard path.utf8.allSatisfy({ $0 < 0x80 }), elements.count > 2, elements[0].contains("."),
            ["lookup", "tile"].contains(elements[1])
        else {
            return "it is no DATABASE/lookup/… or DATABASE/tile/…"
        }
        return nil
    }

    /// Finds two paths that can't both be files of one tree, also where case is ignored.
    struct Collisions {
        // By bytes, A–Z as a–z: to Swift, two names are equal that the system tells apart.
        private var files: Set<[UInt8]> = []
        private var directories: Set<[UInt8]> = []

        /// Adds a path of the tree.
        ///
        /// - Returns: Whether it can stand beside all that were added before.
        mutating func insert(_ path: String) -> Bool {
            let folded = path.utf8.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
            guard files.insert(folded).inserted, !directories.contains(folded) else { return false }
            var end = folded.count
            while let slash = folded[..<end].lastIndex(of: UInt8(ascii: "/")) {
                let directory = Array(folded[..<slash])
                if files.contains(directory) { return false }
                if !directories.insert(directory).inserted { break }
                end = slash
            }
            return true
        }
    }
}

/// Paths are taken apart by bytes: to Swift, `/` and a combining mark after it are one character, to the
/// system they are not.
extension String {
    /// The elements between the slashes; some are empty where slashes meet or stand at an end.
    var pathElements: [String] {
        utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
    }

    /// The paths of the directories that a path leads through, the deepest first.
    var pathParents: [String] {
        let elements = pathElements
        return (1..<max(1, elements.count)).reversed().map { elements[..<$0].joined(separator: "/") }
    }

    /// Whether this string's UTF-8 comes before another's: the one order of this project.
    func precedes(_ other: String) -> Bool { utf8.lexicographicallyPrecedes(other.utf8) }
}
