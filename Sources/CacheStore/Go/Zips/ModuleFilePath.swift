/// Go's rules for paths in a module zip.
///
/// They make an accepted path safe to write to below any directory: it is
/// relative, has no `..`, no empty element and no control character.
enum ModuleFilePath {
    /// Punctuation that Go allows in a file name.
    private static let allowedPunctuation = Set("!#$%&()+,-.=@[]^_{}~ ".utf8)

    /// Names that Windows keeps for devices, whatever their extension.
    private static let deviceNames: Set<String> = {
        let numbered = (1...9).flatMap { ["com\($0)", "lpt\($0)"] }
        return Set(["con", "prn", "aux", "nul"] + numbered)
    }()

    /// Whether `path` may name a file: `CheckFilePath` of golang.org/x/mod/module, module.go.
    ///
    /// A file's path also may not be longer than Linux can open, 4,095 bytes.
    ///
    /// - Complexity: O(*n*) in the length of `path`.
    static func isValid(_ path: Substring) -> Bool {
        guard path.utf8.count < 4096 else { return false }
        // By scalars: a `Character` can be a `/` with a letter that combines with it.
        let elements = path.unicodeScalars.split(separator: "/", omittingEmptySubsequences: false)
        return elements.allSatisfy(isValidElement)
    }

    /// `checkElem` of module.go.
    private static func isValidElement(_ element: Substring.UnicodeScalarView) -> Bool {
        // No element is empty, `.` or `..`, and none ends in a dot.
        guard let last = element.last, last != "." else { return false }
        guard element.allSatisfy(isValidScalar) else { return false }
        let stem = element.prefix { $0 != "." }
        return stem.count > 4 || !deviceNames.contains(String(stem).lowercased())
    }

    /// `fileNameOK` of module.go.
    private static func isValidScalar(_ scalar: Unicode.Scalar) -> Bool {
        guard scalar.isASCII else {
            switch scalar.properties.generalCategory {
            case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
                return true
            default:
                return false
            }
        }
        switch UInt8(ascii: scalar) {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            return true
        case let byte:
            return allowedPunctuation.contains(byte)
        }
    }

    /// Whether `first` comes before `second` when `/` comes before any other character.
    ///
    /// In this order a directory is followed by what it contains.
    static func precedes(_ first: String, _ second: String) -> Bool {
        first.utf8.lexicographicallyPrecedes(second.utf8) { rank($0) < rank($1) }
    }

    private static func rank(_ byte: UInt8) -> UInt8 {
        byte == UInt8(ascii: "/") ? 0 : byte
    }

    /// Throws if two entries are the same, or one is a file and the directory of another.
    ///
    /// Go refuses also what differs in case only (`collisionChecker` of
    /// golang.org/x/mod/zip, zip.go), to which a Linux file system is indifferent.
    ///
    /// - Parameter entries: Entries with valid paths, in any order.
    /// - Throws: ``ZipError`` that names an entry in the way of another.
    /// - Complexity: O(*n* log *n*) in the number of entries.
    static func checkCollisions(_ entries: [ZipEntry]) throws(ZipError) {
        let paths = entries.map(\.path).sorted(by: precedes)
        var previous: String?
        for path in paths {
            if let previous {
                let isFile = previous.utf8.last != UInt8(ascii: "/") && !previous.isEmpty
                let isSame = previous.utf8.elementsEqual(path.utf8)
                guard !(isSame && isFile) else { throw ZipError("Zip has the same file twice", member: path) }
                guard !(isFile && path.utf8.starts(with: (previous + "/").utf8)) else {
                    throw ZipError("Zip has a file that is also a directory", member: previous)
                }
            }
            previous = path
        }
    }
}
