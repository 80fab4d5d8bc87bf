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
///
/// No line tells that a command has ended, so a log that was cut off between two packages looks like a whole
/// one: the compilations are proved, and that there were no others is so only if the log is whole.
public struct BuildLog: Hashable, Sendable {
    /// The number of go commands that show what they run, each by a line `WORK=`.
    public private(set) var commands = 0

    /// Whether one of these commands shows a step, and not the line `WORK=` alone, as `-work` prints it.
    public private(set) var hasSteps = false

    /// Whether the log ends, or begins anew, within a line, a file that a command shows, or a compilation.
    public private(set) var isCutOff = false

    /// Whether the log is longer, or holds more names, than is read.
    public private(set) var isTooLong = false

    /// The import paths of the packages that the compiler ran for, without programs.
    public private(set) var compiled: Set<String> = []

    /// The lines that may be import paths of compiled packages; a line of another program can look the same.
    ///
    /// They are not more than fit in a bounded memory.
    public private(set) var mentioned: Set<String> = []

    /// The import paths of the programs that the compiler ran for, where the log tells them.
    ///
    /// The import path of a program that runs tests ends with `.test`.
    public private(set) var programs: Set<String> = []

    /// The number of programs that the compiler ran for and whose import paths the log does not tell.
    public private(set) var unnamedPrograms = 0

    /// The import paths of the packages whose tests ran.
    public private(set) var tested: Set<String> = []

    /// The import paths of the packages whose test results came from the cache.
    public private(set) var testedFromCache: Set<String> = []

    /// Whether the log proves which packages were compiled and, if it is whole, that no others were.
    public var isConclusive: Bool { commands > 0 && !isCutOff && !isTooLong }

    /// The number of bytes of each log that are read.
    public static let lengthLimit = 2_000_000_000

    /// The memory for names of each kind, in bytes, as ``cost(_:)`` counts it.
    private static let nameLimit = 32 << 20

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
    private var pending: Set<String> = []

    /// The compilations that the command has begun and not ended.
    private var steps = BuildSteps()

    /// The memory that ``mentioned`` takes, in bytes.
    private var mentionedBytes = 0

    /// The memory that the other names take, in bytes.
    private var provedBytes = 0

    /// Creates a log of no output.
    public init() {}

    /// Adds the output of go commands in a file or pipe, up to its ``lengthLimit``.
    ///
    /// - Parameter path: The file or pipe.
    /// - Throws: ``CacheStoreError`` as the system says, or with code ``CacheStoreError/Code/badArgument``
    ///   for a directory or device.
    /// - Complexity: O(*n*) in the length of the file, in bounded memory.
    public mutating func read(_ path: FilePath) throws(CacheStoreError) {
        try read(path, limit: Self.lengthLimit)
    }

    /// Adds the first `limit` bytes of a file or pipe.
    mutating func read(_ path: FilePath, limit: Int) throws(CacheStoreError) {
        let lines = try LineStream(reading: path, as: "a log")
        endCommand()
        defer { endCommand() }
        let isWhole = try lines.forEach(upTo: limit, lineLimit: Self.lineLimit) { line in
            // Go ends each line, so a line without an end is one that was cut off.
            if !line.isEnded { isCutOff = isCutOff || isInsideCommand }
            if let bytes = line.bytes { add(bytes) }
        }
        if !isWhole { isTooLong = true }
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
            if Self.isImportPath(text), !Self.words.contains(text) { mention(text) }
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
        isCutOff = isCutOff || isInsideFile || steps.isUnfinished
        steps = BuildSteps()
        pending.removeAll()
        isInsideFile = false
        isInsideCommand = false
    }

    /// Reads a command that a go command shows before it runs it.
    private mutating func addStep(_ text: String) {
        steps.add(text)
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
        insert(String(fields[0]), \.programs)
    }

    private mutating func addCompilation(_ command: String) {
        let words = command.split(separator: " ")
        guard let option = words.firstIndex(of: "-p"), option + 1 < words.endIndex else { return }
        let name = String(words[option + 1])
        if name == "main" {
            let output = words.firstIndex(of: "-o").map { words[$0 + 1] } ?? ""
            // Directories are numbered, and take memory as names do.
            if isRoom(for: String(output)) { pending.insert(Self.directory(of: output) ?? String(output)) }
        } else if Self.isImportPath(name) {
            insert(name, \.compiled)
        }
    }

    /// Returns the name of the directory of a compiled package, such as `b001` of `$WORK/b001/_pkg_.a`.
    private static func directory(of path: Substring) -> String? {
        let elements = path.split(separator: "/")
        return elements.count > 1 && elements.last == "_pkg_.a" ? String(elements[elements.count - 2]) : nil
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
            insert(String(fields[1]), \.testedFromCache)
        } else if fields[2].first?.isWholeNumber == true, fields[2].hasSuffix("s") {
            insert(String(fields[1]), \.tested)
        }
    }

    // MARK: - Memory

    /// Adds a line that may be an import path, while there is room.
    private mutating func mention(_ name: String) {
        guard mentionedBytes < Self.nameLimit, mentioned.insert(name).inserted else { return }
        mentionedBytes += Self.cost(name)
    }

    /// Adds a name that the log proves, while there is room.
    private mutating func insert(_ name: String, _ names: WritableKeyPath<Self, Set<String>>) {
        guard !self[keyPath: names].contains(name), isRoom(for: name) else { return }
        self[keyPath: names].insert(name)
    }

    /// Takes room for a name that the log proves, or notes that there is none.
    private mutating func isRoom(for name: String) -> Bool {
        isTooLong = isTooLong || provedBytes >= Self.nameLimit
        provedBytes += Self.cost(name)
        return provedBytes < Self.nameLimit
    }

    /// Returns about how much memory a name takes in a set, in bytes.
    private static func cost(_ name: String) -> Int { name.utf8.count + 64 }

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
