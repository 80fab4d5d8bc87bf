/// The compilations that a go command has begun and not ended, by the lines that it shows with `-x`.
///
/// Go makes a directory for each package, such as `$WORK/b002/`, shows each command there before it runs it,
/// and at the end writes the build ID into the compiled package (`Builder.updateBuildID` of
/// cmd/go/internal/work). `go vet` and `go test` also make directories for packages that they take from the
/// cache, so a directory alone begins nothing. A package that fails is announced by a line `# path`.
struct BuildSteps: Hashable {
    /// The greatest number of directories that are told from each other.
    private static let limit = 1 << 20

    /// The names of the directories, as in `b002`, with a compilation that has begun.
    private var begun: Set<String> = []

    /// The import paths of the packages that failed, as Go prints them.
    private var failed: Set<String> = []

    /// Whether more compilations have begun than ended or failed.
    var isUnfinished: Bool { begun.count > failed.count }

    /// Reads a command, or the first line of a file, that a go command shows.
    mutating func add(_ line: String) {
        if line.hasPrefix("# ") {
            if failed.count < Self.limit { failed.insert(String(line.dropFirst(2))) }
        } else if line.contains("buildid -w ") || line.contains("buildid\" -w ") {
            if let directory = Self.directory(in: line, before: "/_pkg_.a") { begun.remove(directory) }
        } else if begun.count < Self.limit, let directory = Self.start(line) {
            begun.insert(directory)
        }
    }

    /// Returns the directory of a compilation whose first commands the line is among.
    private static func start(_ line: String) -> String? {
        if line.contains("/compile -o ") || line.contains("/compile\" -o ") {
            return directory(in: line, before: "/_pkg_.a")
        }
        if line.contains("/cgo -objdir ") || line.contains("/cgo\" -objdir ") {
            return directory(in: line, before: "/")
        }
        guard line.hasPrefix("cat >") || line.hasPrefix("echo ") else { return nil }
        return directory(in: line, before: "/importcfg ") ?? directory(in: line, before: "/go_asm.h ")
    }

    /// Returns the first directory, such as `b002`, with a text behind its name.
    private static func directory(in line: String, before end: String) -> String? {
        for word in line.split(separator: "/").dropFirst() where word.first == "b" {
            let number = word.dropFirst()
            guard !number.isEmpty, number.allSatisfy(\.isNumber), line[word.endIndex...].hasPrefix(end)
            else { continue }
            return String(word)
        }
        return nil
    }
}
