/// The rules for names in an archive, which make sure that every file system and Go itself accept the names.
///
/// Source: golang.org/x/mod/module, `CheckFilePath` and `CheckPath`.
enum PathRules {
    /// A set of the rules.
    enum Strictness {
        /// The rules for names that an archive may hold.
        case archive

        /// The rules for names that Go accepts in a module zip: `CheckFilePath` of x/mod/module, module.go.
        ///
        /// Outside ASCII, only letters are allowed. The character `;` is not allowed. An element has no limit
        /// of its own.
        case moduleZip

        /// The greatest length of a path, in bytes; Linux opens paths of up to 4,095 bytes.
        fileprivate var longestPath: Int { self == .archive ? PathRules.longestPath : 4095 }

        /// The greatest length of an element, in bytes.
        fileprivate var longestElement: Int { self == .archive ? longestName : longestPath }
    }

    /// The greatest length of a member's path, in bytes.
    static let longestPath = 4096

    /// The greatest length of a file's name, in bytes, on every file system that Go is used on.
    static let longestName = 255

    /// The prefix of the names under which a restore writes files before they get their final names.
    ///
    /// No member outside of module trees has a name that begins so.
    static let ownPrefix = ".castore-"

    private static let devices: Set<String> = {
        var names: Set<String> = ["con", "prn", "aux", "nul"]
        for digit in 1...9 { names.formUnion(["com\(digit)", "lpt\(digit)"]) }
        return names
    }()

    /// Returns the reason why `path` is not a relative path that the rules allow, or `nil` if it is one.
    ///
    /// A path without fault is safe to write to below any directory: it has no `..`, no empty element and no
    /// control character.
    ///
    /// - Complexity: O(*n*) in the length of `path`.
    static func fault(inPath path: String, _ strictness: Strictness = .archive) -> String? {
        let limit = strictness.longestPath
        guard path.utf8.count <= limit else { return "it is longer than \(limit) bytes" }
        for element in path.pathElements {
            if let fault = fault(inElement: element, strictness) { return fault }
        }
        return nil
    }

    private static func fault(inElement element: String, _ strictness: Strictness) -> String? {
        let limit = strictness.longestElement
        guard (1...limit).contains(element.utf8.count) else {
            return element.isEmpty ? "it has an empty element" : "an element is longer than \(limit) bytes"
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
        if strictness == .moduleZip, !element.unicodeScalars.allSatisfy(isAllowedByGo) {
            return "it holds `;` or a character that is neither ASCII nor a letter"
        }
        // The longest device name has four letters, so most elements need no look-up.
        let stem = String(decoding: element.utf8.prefix { $0 != UInt8(ascii: ".") }, as: UTF8.self)
        if (3...4).contains(stem.utf8.count), devices.contains(stem.lowercased()) {
            return "`\(stem)` is the name of a device"
        }
        return nil
    }

    /// Returns whether Go allows a scalar that an archive may hold: `fileNameOK` of module.go.
    private static func isAllowedByGo(_ scalar: Unicode.Scalar) -> Bool {
        guard !scalar.isASCII else { return scalar != ";" }
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: return true
        default: return false
        }
    }

    /// Returns the reason why `name` can't be the file in an executable output's directory, or `nil` if it
    /// can.
    static func fault(inExecutableName name: String) -> String? {
        guard (1...longestName).contains(name.utf8.count), name != ".", name != ".." else {
            return "it is not the name of a file"
        }
        if isOwn(name) { return "it is a name of a file that is being written" }
        let isPlain = name.utf8.allSatisfy { $0 != UInt8(ascii: "/") && $0 >= 0x20 && $0 != 0x7F }
        return isPlain ? nil : "it holds a slash or a control character"
    }

    /// Returns the reason why `path` can't lie below `cache/download/sumdb`, or `nil` if it can.
    static func fault(inChecksumPath path: String) -> String? {
        if let fault = fault(inPath: path) { return fault }
        let elements = path.pathElements
        guard path.utf8.allSatisfy({ $0 < 0x80 }), elements.count > 2, elements[0].contains("."),
            ["lookup", "tile"].contains(elements[1])
        else {
            return "it is not DATABASE/lookup/… or DATABASE/tile/…"
        }
        return elements.contains(where: isOwn) ? "it is a name of a file that is being written" : nil
    }

    /// Returns whether an element of a path is a name that a restore gives to a file while it writes it.
    static func isOwn(_ element: String) -> Bool { element.utf8.starts(with: ownPrefix.utf8) }

    /// Returns whether an image layer can't hold `path` as it is, because an element begins with `.wh.`.
    ///
    /// Such a name removes the file whose name follows the prefix (OCI image specification, layer.md,
    /// "Whiteouts"). This is so at any depth, for files and directories, and also in a layer that is made
    /// from a directory on disk.
    static func isWhiteout(_ path: String) -> Bool {
        path.pathElements.contains { $0.hasPrefix(".wh.") }
    }

    /// A path that can't be in the same tree as another path.
    enum Collision: Hashable {
        /// A file that is in the tree twice.
        case twice(String)

        /// A file that is a directory in another path.
        case directory(String)
    }

    /// Finds two paths that can't both be in one tree.
    ///
    /// A path that is empty or ends in a slash is the path of a directory, and may occur more than once.
    ///
    /// - Parameters:
    ///   - paths: The paths, in any order and without NUL.
    ///   - ignoringCase: Whether A–Z are taken for a–z.
    /// - Returns: The first collision by the bytes of the paths, or `nil` if there is none.
    /// - Complexity: O(*n* log *n*) in the number of paths; memory for the bytes of the paths, however deep
    ///   the paths are.
    static func collision(among paths: some Sequence<String>, ignoringCase: Bool) -> Collision? {
        // Paths are compared by bytes, because Swift takes some names for equal that the system tells apart.
        // The slash is the least byte. So the path that follows a file directly is an equal path or a path
        // that has the file as a directory, if there is one.
        let keyed = paths.map { (path: $0, key: collisionKey(of: $0, ignoringCase: ignoringCase)) }
        let sorted = keyed.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        for (file, next) in zip(sorted, sorted.dropFirst()) {
            guard let last = file.key.last, last != 0, next.key.starts(with: file.key) else { continue }
            if next.key.count == file.key.count { return .twice(next.path) }
            if next.key[file.key.count] == 0 { return .directory(file.path) }
        }
        return nil
    }

    /// Returns the bytes of a path, with 0 for slashes and with A–Z folded to a–z if `ignoringCase` is true.
    private static func collisionKey(of path: String, ignoringCase: Bool) -> [UInt8] {
        path.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "/"): return 0
            case UInt8(ascii: "A")...UInt8(ascii: "Z") where ignoringCase: return byte | 0x20
            default: return byte
            }
        }
    }
}

/// The parts of paths.
///
/// Paths are split by bytes. Swift takes `/` and a combining mark after it for one character, but the system
/// does not.
extension String {
    /// The elements between the slashes; an element is empty where slashes meet or stand at an end.
    var pathElements: [String] {
        utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
    }

    /// The last element of a path.
    var lastElement: String {
        let slash = utf8.lastIndex(of: UInt8(ascii: "/"))
        return slash.map { String(decoding: utf8[utf8.index(after: $0)...], as: UTF8.self) } ?? self
    }

    /// The bytes of the paths of the directories that a path leads through, the deepest first.
    ///
    /// They are made one by one, so that a caller who stops early pays for no others.
    var pathParents: some Sequence<[UInt8]> {
        let bytes = Array(utf8)
        return bytes.indices.reversed().lazy.filter { bytes[$0] == UInt8(ascii: "/") }
            .map { Array(bytes[..<$0]) }
    }

    /// Returns whether this string's UTF-8 comes before that of `other`, which is the only string order in
    /// this project.
    func precedes(_ other: String) -> Bool { utf8.lexicographicallyPrecedes(other.utf8) }
}
