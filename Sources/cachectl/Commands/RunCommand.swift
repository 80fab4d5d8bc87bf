import ArgumentParser
import CacheStore
import CacheStoreRemote
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
            here, or are not safe to take over, which gives a warning. Then the command takes the \
            place of cachectl: its input, output, signals and exit status are its own.

            Modules that GOMODCACHE has stay as they are. Of a Go before 1.24, --log and \
            --read-only have no effect. To pack what the command made, pack in the same run, \
            so that the settings are recorded: the command may be a shell.

            Archives and command stand on both sides of `--`. Without it, the first words \
            that end in `.castore` are the archives.

            The exit status is that of the command; 127 if there is no such command, 126 if \
            it can't be run. Before it runs, cachectl itself may end with 1, 2 or 64.

            Examples:
              cachectl run all.castore go build ./...
              cachectl run aws.castore gcp.castore -- go test ./...
              cachectl run --for ./app --for ./tools all.castore -- make
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
        help: "Fail if an archive can't be used, or if the log is another file, in place of a warning."
    )
    var isStrict = false

    @Option(
        name: .customLong("for"),
        help: ArgumentHelp(
            "Restore the modules that builds in this directory need; may be repeated. (default: .)",
            valueName: "dir"
        ),
        completion: .directory
    )
    var builds: [String] = []

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
        if builds.contains("") { throw ValidationError("`--for` is empty") }
        if ["-h", "--help"].contains(words.first) { throw CleanExit.helpRequest(Self.self) }
        if words.first == "--version" { throw CleanExit.message(Version.current) }
        let (archives, command) = parts
        if archives.isEmpty {
            let name =
                words.contains("--") ? "" : ": the first word is `\(words[0])`, and not a `.castore` file"
            throw ValidationError("no archive is named before the command\(name)")
        }
        if let signed = archives.first(where: \.isSigned) {
            throw ValidationError(
                "a signed address can't be handed on to `cachectl prog`, because other processes could read "
                    + "it: copy `\(signed.name)` to a file with `cachectl pull` first"
            )
        }
        if archives.contains(where: \.name.isEmpty) {
            throw ValidationError("the path of an archive is empty")
        }
        if let option = archives.first(where: { $0.name.hasPrefix("-") }) {
            throw ValidationError("options come before the archives: `\(option.name)` does not")
        }
        guard let name = command.first else {
            throw ValidationError(
                "no command is named: for example `cachectl run \(archives[0].name) go build ./...`"
            )
        }
        if name.hasPrefix("-") {
            throw ValidationError(
                "`\(name)` stands where the command should be: options come before the archives, and `--` "
                    + "between archives and command"
            )
        }
    }

    /// The archives, and the command with its arguments.
    private var parts: (archives: [ArchiveArgument], command: [String]) {
        if let place = words.firstIndex(of: "--") {
            return (words[..<place].map { ArchiveArgument(argument: $0) }, Array(words[(place + 1)...]))
        }
        let archives = words.prefix { $0.hasSuffix(".castore") || RemoteAddress.isAddress($0) }
        return (archives.map { ArchiveArgument(argument: $0) }, Array(words.dropFirst(archives.count)))
    }

    func run() async throws {
        let (archives, command) = parts
        var options = BuildSetup.Options(directory: try WorkingDirectory.asGoSees("."))
        if !builds.isEmpty { options.moduleDirectories = try builds.map(WorkingDirectory.asGoSees) }
        options.go = WorkingDirectory.command(go ?? Self.go(of: command))
        options.program = try program(log: usableLog())
        options.isStrict = isStrict
        options.jobs = jobs
        var common = CommonOptions()
        common.quiet = quiet
        common.jobs = jobs
        let (report, _) = try await common.perform(consequence: "the command was not run") {
            [options] progress in
            var references: [any ArchiveReference] = []
            for archive in archives { references.append(try await archive.reference(by: Remote.archives)) }
            return try await BuildSetup(options: options).run(references, progress: progress)
        }
        common.show(report.warnings)
        if report.restoredEntries != nil, log != nil || keepsPutsOut {
            let words = "this Go asks no program for entries, so `--log` and `--read-only` have no effect"
            StandardError.write(Message(.warning, words))
        }
        if !quiet { StandardError.write("cachectl: \(Self.words(for: report))\n") }
        await Remote.client.shutdown()
        try CommandReplacement(command, variables: report.variables).start()
    }

    /// Returns the log, or `nil` with a warning if it is a file that holds anything else.
    ///
    /// - Throws: `CacheStoreError` in place of the warning if ``isStrict`` is set.
    private func usableLog() throws -> FilePath? {
        guard let path = log.map(WorkingDirectory.absolute) else { return nil }
        guard let error = ProgramLog.otherFile(insteadOf: path) else { return path }
        if isStrict { throw error }
        StandardError.write(Message(Warning(unwrittenLog: error)))
        return nil
    }

    /// Returns the words that make Go start `cachectl prog`.
    private func program(log: FilePath?) throws -> [String] {
        var words = [try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"), "prog"]
        if let log { words += ["--log", log.string] }
        if keepsPutsOut { words.append("--read-only") }
        if let jobs { words += ["--jobs", String(jobs)] }
        if isStrict { words.append("--strict") }
        return words
    }

    /// Returns the Go command that a command uses: itself, or the one that its programs find.
    private static func go(of command: [String]) -> String {
        let name = FilePath(command[0])
        return name.lastComponent?.string == "go" ? command[0] : "go"
    }

    /// Returns what was done, in words.
    private static func words(for report: BuildSetup.Report) -> String {
        guard report.hasArchives else { return "no archive can be used, so the command runs as without any" }
        var parts: [String] = []
        if let needed = report.neededModules {
            let there = needed - report.restoredModules - report.absentModules
            var words = "\(HumanFormat.count(report.restoredModules, "module", "modules")) restored"
            if there > 0 { words += ", \(HumanFormat.count(there)) there already" }
            if report.absentModules > 0 {
                let count = HumanFormat.count(report.absentModules)
                words += ", \(count) missing, which Go downloads if it needs them"
            }
            parts.append(words)
        } else {
            parts.append("there is no go.mod, so no module was restored")
        }
        if let entries = report.restoredEntries {
            parts.append("\(HumanFormat.count(entries, "entry", "entries")) of GOCACHE in place")
        }
        parts += report.variables.sorted { $0.key < $1.key }.map {
            "\($0.key)=\(HumanFormat.printable($0.value))"
        }
        return parts.joined(separator: "; ")
    }
}
