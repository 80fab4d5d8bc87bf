public import SystemPackage

/// The compilations and test runs that the output of go commands tells of.
///
/// With `-x`, Go prints each command that it runs, and so each run of the compiler. With `-v`, it prints the
/// import path of each package that it compiles, on a line of its own (`Builder.build` of
/// cmd/go/internal/work). `go test` says of each package whether its result came from the cache. A log may
/// hold the output of several commands, and any other lines.
public struct BuildLog: Hashable, Sendable {
    /// The import paths of the packages that the compiler ran for, without programs.
    public private(set) var compiled: Set<String> = []

    /// The lines that may be import paths of compiled packages; a line of another program can look the same.
    public private(set) var mentioned: Set<String> = []

    /// The number of compilations of programs, that is of packages `main`.
    public private(set) var programs = 0

    /// The import paths of the packages whose tests ran.
    public private(set) var tested: Set<String> = []

    /// The import paths of the packages whose test results came from the cache.
    public private(set) var testedFromCache: Set<String> = []

    /// The number of bytes that are read at a time.
    private static let readSize = 1 << 20

    /// The length of the longest line that is looked at, in bytes.
    private static let lineLimit = 1 << 20

    /// The length of the longest import path, in bytes.
    private static let pathLimit = 1 << 10

    /// Words that stand alone on a line of Go's output and are no import paths.
    private static let words: Set<String> = ["EOF", "PASS", "FAIL", "ok", "exit", "done"]

    /// Whether the line is inside of a file that `-x` shows.
    private var isInsideFile = false

    /// Creates a log of no output.
    public init() {}

    /// Adds the output of go commands in a file.
    ///
    /// - Parameter path: The file.
    /// - Throws: ``CacheStoreError`` as the system says.
    /// - Complexity: O(*n*) in the length of the file; memory for its longest line and the names.
    public mutating func read(_ path: FilePath) throws(CacheStoreError) {
        let file = try File(reading: path)
        isInsideFile = false
        var (offset, rest): (Int, [UInt8]) = (0, [])
        while true {
            let bytes = try file.bytes(at: offset, count: Self.readSize)
            if bytes.isEmpty { break }
            offset += bytes.count
            var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            let last = lines.removeLast()
            for line in lines {
                if rest.isEmpty {
                    add(line)
                } else {
                    if rest.count < Self.lineLimit { add((rest + line)[...]) }
                    rest.removeAll()
                }
            }
            if rest.count < Self.lineLimit { rest += last }
        }
        add(rest[...])
    }

    /// Returns the import paths of the packages that were compiled.
    ///
    /// - Parameter packages: The import paths of packages that the build may have compiled; another line of
    ///   the log that looks like an import path is not taken for one.
    /// - Returns: The import paths, without programs.
    public func compiled(among packages: Set<String>) -> Set<String> {
        compiled.union(mentioned.intersection(packages))
    }

    // MARK: - Lines

    /// Reads one line.
    mutating func add(_ line: ArraySlice<UInt8>) {
        guard line.count <= Self.lineLimit, !line.isEmpty else { return }
        if isInsideFile {
            // Go writes `EOF` right behind the last byte of the file, which may not be a newline.
            isInsideFile = !line.suffix(3).elementsEqual("EOF".utf8)
            return
        }
        let hasBlank = line.contains { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        guard hasBlank else {
            let name = String(decoding: line.last == 0x0D ? line.dropLast() : line, as: UTF8.self)
            if Self.isImportPath(name), !Self.words.contains(name) { mentioned.insert(name) }
            return
        }
        let text = String(decoding: line, as: UTF8.self)
        if text.hasPrefix("cat >") {
            isInsideFile = text.contains("<< 'EOF'")
        } else if text.contains("/compile -o ") {
            addCompilation(text)
        } else if text.hasPrefix("ok  \t") || text.hasPrefix("FAIL\t") {
            addTest(text.split(separator: "\t"))
        } else if text.hasPrefix("{"), let start = text.firstRange(of: #""Output":"ok  \t"#) {
            // A line of `go test -json`, in whose strings a tab is written as `\t`.
            addTest(("ok\t" + text[start.upperBound...].replacing(#"\t"#, with: "\t")).split(separator: "\t"))
        }
    }

    private mutating func addCompilation(_ command: String) {
        let words = command.split(separator: " ")
        guard let option = words.firstIndex(of: "-p"), option + 1 < words.endIndex else { return }
        let name = String(words[option + 1])
        if name == "main" {
            programs += 1
        } else if Self.isImportPath(name) {
            compiled.insert(name)
        }
    }

    private mutating func addTest(_ fields: [Substring]) {
        guard fields.count >= 3, Self.isImportPath(String(fields[1])) else { return }
        if fields[2].hasPrefix("(cached)") {
            testedFromCache.insert(String(fields[1]))
        } else {
            tested.insert(String(fields[1]))
        }
    }

    /// Returns whether a text has only characters of import paths (golang.org/x/mod/module,
    /// `CheckImportPath`).
    private static func isImportPath(_ text: String) -> Bool {
        guard (1...pathLimit).contains(text.utf8.count), let first = text.utf8.first,
            first != UInt8(ascii: "/"), first != UInt8(ascii: "-"), first != UInt8(ascii: ".")
        else { return false }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"),
                UInt8(ascii: "+"), UInt8(ascii: "/"):
                true
            default: false
            }
        }
    }
}
