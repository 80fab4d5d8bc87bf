import ArgumentParser
import CacheStore
import FoundationEssentials
import Glibc
import SystemPackage

/// `cachectl run`: a command that builds, with the modules and entries of archives.
struct RunCommand: AsyncParsableCommand, Sendable {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run a command whose builds hit what is in archives, without a restore of everything.",
        discussion: """
            Restores the modules that the current directory's go.sum names, and makes Go ask \
            `cachectl prog` for compiled packages (GOCACHEPROG). A Go before 1.24 asks no \
            program: then the packages of its own release are restored.

            GOFLAGS and GOMODCACHE are set as the archives' jobs had them, unless they are set \
            here. Then the command takes the place of cachectl: its input, output, signals and \
            exit status are its own.

            Archives and command stand on both sides of `--`. Without it, the first word is \
            the archive.

            Examples:
              cachectl run all.castore go build ./...
              cachectl run aws.castore gcp.castore -- go test ./...
              cachectl run --quiet all.castore make
              cachectl run --log /tmp/cache.log all.castore -- go build -o app .
            """
    )

    @Option(
        help: ArgumentHelp(
            "Append figures of each go command to this file: see `cachectl help prog`.",
            valueName: "file"
        ),
        completion: .file()
    )
    var log: String?

    @Flag(
        name: .customLong("read-only"),
        help: "Keep what Go makes out of GOCACHE: see `cachectl help prog`."
    )
    var keepsPutsOut = false

    @Flag(
        name: .customLong("strict"),
        help: "Fail if an archive can't be read, instead of building without it."
    )
    var isStrict = false

    @Option(help: ArgumentHelp("The Go command to ask. (default: go)", valueName: "path"))
    var go: String?

    @Flag(name: .shortAndLong, help: "Print errors and warnings only.")
    var quiet = false

    @Option(
        help: ArgumentHelp("The number of threads, 1 to 256. (default: one per processor)", valueName: "n")
    )
    var jobs: Int?

    @Argument(
        parsing: .captureForPassthrough,
        help: ArgumentHelp(
            "The archives, `--`, and the command with its arguments.",
            valueName: "archive-or-command"
        )
    )
    var words: [String]

    func validate() throws {
        if let jobs, !(1...256).contains(jobs) {
            throw ValidationError("`--jobs` is \(jobs), and must be 1 to 256")
        }
        if go == "" { throw ValidationError("`--go` is empty") }
        if log == "" { throw ValidationError("`--log` is empty") }
        let (archives, command) = parts
        if archives.isEmpty { throw ValidationError("no archive is named before `--`") }
        if archives.contains("") { throw ValidationError("the path of an archive is empty") }
        if let option = archives.first(where: { $0.hasPrefix("-") }) {
            throw ValidationError("options come before the archives: `\(option)` does not")
        }
        if command.isEmpty {
            throw ValidationError(
                "no command is named: for example `cachectl run \(archives[0]) go build ./...`"
            )
        }
    }

    /// The archives, and the command with its arguments.
    private var parts: (archives: [String], command: [String]) {
        if let place = words.firstIndex(of: "--") {
            return (Array(words[..<place]), Array(words[(place + 1)...]))
        }
        return (Array(words.prefix(1)), Array(words.dropFirst()))
    }

    func run() async throws {
        let (archives, command) = parts
        var options = BuildSetup.Options(directory: try WorkingDirectory.asGoSees("."))
        options.go = WorkingDirectory.command(go ?? Self.go(of: command))
        options.program = try program
        options.isStrict = isStrict
        options.jobs = jobs
        var common = CommonOptions()
        common.quiet = quiet
        common.jobs = jobs
        let (report, _) = try await common.perform(consequence: "the command was not run") {
            [options] progress in
            try await BuildSetup(options: options).run(archives.map { FilePath($0) }, progress: progress)
        }
        common.show(report.warnings)
        if !quiet { StandardError.write("cachectl: \(Self.words(for: report))\n") }
        try CommandReplacement(command, variables: report.variables).start()
    }

    /// The words that make Go start `cachectl prog`.
    private var program: [String] {
        get throws {
            var words = [try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"), "prog"]
            if let log { words += ["--log", WorkingDirectory.absolute(log).string] }
            if keepsPutsOut { words.append("--read-only") }
            if let jobs { words += ["--jobs", String(jobs)] }
            if isStrict { words.append("--strict") }
            return words
        }
    }

    /// Returns the Go command that a command uses: itself, or the one that its programs find.
    private static func go(of command: [String]) -> String {
        let name = FilePath(command[0])
        return name.lastComponent?.string == "go" ? command[0] : "go"
    }

    /// Returns what was done, in words.
    private static func words(for report: BuildSetup.Report) -> String {
        var parts: [String] = []
        if let needed = report.neededModules {
            let there = needed - report.restoredModules - report.absentModules
            var words = "\(HumanFormat.count(report.restoredModules, "module", "modules")) restored"
            if there > 0 { words += ", \(HumanFormat.count(there)) there already" }
            if report.absentModules > 0 {
                words += ", \(HumanFormat.count(report.absentModules)) in no archive"
            }
            parts.append(words)
        }
        if let entries = report.restoredEntries {
            parts.append("\(HumanFormat.count(entries, "entry", "entries")) of GOCACHE in place")
        }
        parts += report.variables.sorted { $0.key < $1.key }.map {
            "\($0.key)=\(HumanFormat.printable($0.value))"
        }
        return parts.isEmpty ? "nothing to restore or to set" : parts.joined(separator: "; ")
    }
}
