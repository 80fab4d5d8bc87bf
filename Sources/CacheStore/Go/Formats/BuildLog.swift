public import SystemPackage

/// The compilations and test runs that the output of go commands proves.
///
/// With `-x`, a go command begins its output with `WORK=` and the name of its temporary directory, and shows
/// each command that it runs, and so each run of the compiler: a package without one was in the cache. With
/// `-v`, `go build` prints the import path of each package that it compiles, on a line of its own
/// (`Builder.build` of cmd/go/internal/work), but `go vet` prints that of every package, compiled or not, and
/// other programs print such lines too. With `-json`, `go build` and `go test` wrap these lines in JSON. `go
/// test` says of each package whether its result came from the cache. A log may hold the output of several
/// commands, and any other lines.
public struct BuildLog: Hashable, Sendable {
    /// The number of go commands that show what they run, each by a line `WORK=`.
    public private(set) var commands = 0

    /// Whether one of these commands shows a step, and not the line `WORK=` alone, as `-work` prints it.
    public private(set) var hasSteps = false

    /// Whether the log ends, or begins anew, in the middle of a file that a command shows.
    public private(set) var isCutOff = false

    /// The import paths of the packages that the compiler ran for, without programs.
    public private(set) var compiled: Set<String> = []

    /// The lines that may be import paths of compiled packages; a line of another program can look the same.
    public private(set) var mentioned: Set<String> = []

    /// The import paths of the programs that the compiler ran for, where the log tells them.
    ///
    /// That of the program that runs a package's tests ends with `.test`.
    public private(set) var programs: Set<String> = []

    /// The number of programs that the compiler ran for and whose import paths the log does not tell.
    public private(set) var unnamedPrograms = 0

    /// The import paths of the packages whose tests ran.
    public private(set) var tested: Set<String> = []

    /// The import paths of the packages whose test results came from the cache.
    public private(set) var testedFromCache: Set<String> = []

    /// Whether the log proves which packages were compiled, and that its commands compiled no other.
    public var isConclusive: Bool { commands > 0 && !isCutOff }

    /// The number of bytes that are read at a time.
    private static let readSize = 1 << 20

    /// The length of the longest line that is looked at, in bytes.
    private static let lineLimit = 1 << 20

    /// The length of the longest import path, in bytes.
    private static let pathLimit = 1 << 10

    /// Words that stand alone on a line of Go's output and are no import paths.
    private static let words: Set<String> = ["EOF", "PASS", "FAIL", "ok", "exit", "done"]

    /// Whether a go command has begun that shows what it runs.
    private var isInsideCommand = false

    /// Whether the line is inside of a file that a command shows.
    private var isInsideFile = false

    /// The directories, as in `b001`, with the compiled programs of the command that are not named yet.
    private var pending: Set<Substring> = []

    /// Creates a log of no output.
    public init() {}

    /// Adds the output of go commands in a file.
    ///
    /// - Parameter path: The file.
    /// - Throws: ``CacheStoreError`` as the system says.
    /// - Complexity: O(*n*) in the length of the file; memory for its longest line and the names.
    public mutating func read(_ path: FilePath) throws(CacheStoreError) {
        let file = try File(reading: path)
        isInsideCommand = false
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
        // Go ends each line, so a line without an end is one that was cut off.
        isCutOff = isCutOff || isInsideCommand && !rest.isEmpty
        add(rest[...])
        endCommand()
    }

    /// Returns the import paths that the log only mentions, as `-v` prints those of compiled packages.
    ///
    /// - Parameter packages: The import paths of packages that the build may have compiled; another line of
    ///   the log that looks like an import path is not taken for one.
    /// - Returns: The import paths, without those in ``compiled``.
    public func mentioned(among packages: Set<String>) -> Set<String> {
        mentioned.intersection(packages).subtracting(compiled)
    }

    // MARK: - Lines

    /// Reads one line.
    mutating func add(_ line: ArraySlice<UInt8>) {
        let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
        guard line.count <= Self.lineLimit, !line.isEmpty else { return }
        if isInsideFile {
            addFileLine(line)
            return
        }
        if line.first == UInt8(ascii: "{"), let event = BuildEvent(line) {
            addEvent(event)
            return
        }
        let hasBlank = line.contains { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        let text = String(decoding: line, as: UTF8.self)
        if Self.isStart(text) {
            endCommand()
            (isInsideCommand, commands) = (true, commands + 1)
        } else if !hasBlank {
            if Self.isImportPath(text), !Self.words.contains(text) { mentioned.insert(text) }
        } else if text.hasPrefix("ok  \t") || text.hasPrefix("FAIL\t") {
            addTest(text.split(separator: "\t"))
        } else if isInsideCommand {
            addStep(text)
        }
    }

    /// Returns whether a line is the first of a command, as in `WORK=/tmp/go-build123` (`Builder.Init`).
    private static func isStart(_ text: String) -> Bool {
        guard text.hasPrefix("WORK="), let name = text.split(separator: "/").last else { return false }
        return name.hasPrefix("go-build") && name.dropFirst(8).allSatisfy(\.isNumber)
    }

    /// Ends the output of a command, whose directories the next one names again.
    private mutating func endCommand() {
        unnamedPrograms += pending.count
        isCutOff = isCutOff || isInsideFile
        pending.removeAll()
        isInsideFile = false
        isInsideCommand = false
    }

    /// Reads a command that a go command shows before it runs it.
    private mutating func addStep(_ text: String) {
        if text.hasPrefix("cat >") {
            // Only the lists of packages for the compiler and the linker are files with names of programs.
            isInsideFile = text.contains("<< 'EOF'")
        } else if text.contains("/compile -o ") || text.contains("/compile\" -o ") {
            addCompilation(text)
        } else if !text.hasPrefix("mkdir -p $WORK/") {
            return
        }
        hasSteps = true
    }

    /// Reads a line of a file that a command shows.
    private mutating func addFileLine(_ line: ArraySlice<UInt8>) {
        // Go writes `EOF` right behind the last byte of the file, which may not be a newline.
        if line.suffix(3).elementsEqual("EOF".utf8) { isInsideFile = false }
        if line.starts(with: "WORK=".utf8), Self.isStart(String(decoding: line, as: UTF8.self)) {
            // The file was cut off, and another command begins.
            isCutOff = true
            isInsideFile = false
            add(line)
        }
        guard !pending.isEmpty, line.starts(with: "packagefile ".utf8) else { return }
        let fields = String(decoding: line, as: UTF8.self).dropFirst(12).split(separator: "=", maxSplits: 1)
        guard fields.count == 2, let directory = Self.directory(of: fields[1]),
            pending.remove(directory) != nil
        else { return }
        programs.insert(String(fields[0]))
    }

    private mutating func addCompilation(_ command: String) {
        let words = command.split(separator: " ")
        guard let option = words.firstIndex(of: "-p"), option + 1 < words.endIndex else { return }
        let name = String(words[option + 1])
        if name == "main" {
            let output = words.firstIndex(of: "-o").map { words[$0 + 1] } ?? ""
            pending.insert(Self.directory(of: output) ?? output)
        } else if Self.isImportPath(name) {
            compiled.insert(name)
        }
    }

    /// Returns the name of the directory of a compiled package, such as `b001` of `$WORK/b001/_pkg_.a`.
    private static func directory(of path: Substring) -> Substring? {
        let elements = path.split(separator: "/")
        return elements.count > 1 && elements.last == "_pkg_.a" ? elements[elements.count - 2] : nil
    }

    /// Reads the lines that `-json` wraps.
    private mutating func addEvent(_ event: BuildEvent) {
        // Events of several packages stand between each other, but a file is in one event.
        for line in event.output.utf8.split(separator: UInt8(ascii: "\n")) { add(Array(line)[...]) }
        isInsideFile = false
    }

    private mutating func addTest(_ fields: [Substring]) {
        guard fields.count >= 3, Self.isImportPath(String(fields[1])) else { return }
        if fields[2].hasPrefix("(cached)") {
            testedFromCache.insert(String(fields[1]))
        } else if fields[2].first?.isWholeNumber == true, fields[2].hasSuffix("s") {
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
