import ArgumentParser
import CacheStore
import CacheStoreRemote
import Glibc

/// The command line of CacheStore, which parses arguments, calls the library, prints results, and exits with
/// a documented status.
struct Cachectl: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cachectl",
        abstract: "Packs Go's build and module caches into archives, unites archives, and restores them.",
        discussion: """
            Each job packs the caches it filled, one job unites the archives, and every
            later build restores the union:

              cachectl pack --label aws -o aws.castore
              cachectl pack --label gcp -o gcp.castore
              cachectl union aws.castore gcp.castore -o all.castore
              cachectl restore all.castore

            Standard output is data: a table for people, or JSON with --json. Progress,
            warnings and errors go to standard error: to a terminal as a line that moves,
            otherwise as a line every ten seconds. --quiet leaves the progress out.

            Exit status:
              0     done; also if standard output was closed early, as by `| head`
              1     failed: a file is missing, exists already, or can't be read or
                    written; a link is in the way; no room; a newer archive format; no
                    Go command; one label for two different packs; or (doctor) builds
                    will not hit, (seal --check) a cache is not sealed, (diff
                    --exit-code) two archives differ, (diff --same-job) outputs
                    differ or nothing compares, (summary) an archive is over its
                    budget, or (select) it can't be as small as asked
              2     data is corrupt: not an archive, a damaged archive, a name that
                    leads outside the target, archives in conflict, (union
                    --on-conflict fail) a disputed action, or (pack --strict) a
                    damaged cache
              3     done in part: damaged members were left out (restore
                    --skip-damaged, repair), or nothing proves that none is missing
              64    the command line is wrong
              129, 130, 143   stopped by SIGHUP, SIGINT or SIGTERM; nothing half-done
                    is left. A second signal stops at once.
            """,
        version: Version.current,
        subcommands: [
            PackCommand.self, UnionCommand.self, DifferenceCommand.self, IntersectCommand.self,
            SelectCommand.self,
            PushCommand.self, PullCommand.self,
            RestoreCommand.self, RunCommand.self, ProgCommand.self, LayersCommand.self, SealCommand.self,
            KeyCommand.self,
            DoctorCommand.self, VerifyCommand.self, RepairCommand.self, InfoCommand.self,
            ExplainCommand.self, DiffCommand.self, SummaryCommand.self, LsCommand.self,
            CatCommand.self, ManualCommand.self,
        ]
    )

    /// The beginning of ArgumentParser's error messages, the same as that of cachectl's own.
    static var _errorPrefix: String { "error: " }

    /// Runs the command that the arguments name, and ends the process.
    static func runAndExit() async -> Never {
        do {
            try Signals.listen()
            try checkCommand()
            try checkAddresses(ProcessArguments.words)
            try checkRepetitions(ProcessArguments.words)
            var command = try await asyncParseAsRoot(ProcessArguments.words)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            Glibc.exit(ExitCode.success.rawValue)
        } catch {
            Glibc.exit(report(error))
        }
    }

    /// Refuses an unknown command, even where help on it is asked for.
    ///
    /// - Throws: `ValidationError`.
    private static func checkCommand() throws {
        guard let word = UnknownWord.place(in: ProcessArguments.words),
            !configuration.subcommands.contains(where: { $0._commandName == word }), word != "help"
        else { return }
        throw ValidationError("there is no command `\(word)`")
    }

    /// The options whose values are paths of this machine.
    static let localOptions: Set<String> = [
        "-o", "--output", "--gocache", "--gomodcache", "--log", "--metrics", "--checkout", "--for", "--from",
        "--from-tar", "--go", "--go-sum", "--prog-log", "--restored", "--used", "--used-log",
    ]

    /// The commands whose archives and directories must be on this machine.
    private static let localCommands: Set<String> = ["repair", "seal", "key"]

    /// The options whose values are no paths, and so may look like any address.
    private static let wordsThatAreNoPaths: Set<String> = [
        "--glob", "--label", "--base", "--include", "--exclude",
    ]

    /// Refuses addresses that would be taken for paths of this machine: a restore would make directories of
    /// such names.
    ///
    /// - Throws: `ValidationError`.
    static func checkAddresses(_ arguments: [String]) throws {
        for (previous, argument) in zip([""] + arguments, arguments) {
            let name = argument.hasPrefix("--") ? String(argument.prefix { $0 != "=" }) : previous
            let isNoPath = wordsThatAreNoPaths.contains(name) || arguments.first == "cat" && previous != "cat"
            let value = argument.hasPrefix("--") ? argument.drop { $0 != "=" }.dropFirst() : argument[...]
            guard !isNoPath, value.wholeMatch(of: /[a-z][a-z0-9+.-]+:\/\/.*/.ignoresCase()) != nil else {
                continue
            }
            let shown = ArchiveArgument(argument: String(value)).name
            if !RemoteAddress.isAddress(String(value)) {
                throw ValidationError(
                    "`\(shown)` is an address, and cachectl reads archives by paths, `https://` (also signed "
                        + "addresses of a bucket) and `oci://`"
                )
            }
            guard localOptions.contains(name) || localCommands.contains(arguments.first ?? "") else {
                continue
            }
            throw ValidationError(
                "`\(shown)` is an address, where a path of this machine is needed: copy an archive with "
                    + "`cachectl pull`, and write one to a registry with `cachectl push`"
            )
        }
    }

    /// Refuses an option that is given twice and takes one value.
    ///
    /// - Throws: `ValidationError`.
    static func checkRepetitions(_ arguments: [String]) throws {
        guard let name = RepeatedOption.name(in: arguments, of: { CommandInfo.read(_dumpHelp()) }) else {
            return
        }
        throw ValidationError("`\(name)` is given more than once, and takes one value")
    }

    /// Writes the message for an error, and returns the exit status.
    private static func report(_ error: any Error) -> Int32 {
        switch error {
        case let error as CacheStoreError:
            StandardError.write(Message(error))
            return ExitCode(error).rawValue
        case let error as AdvisedError:
            StandardError.write(Message(error.error, advice: error.advice))
            return ExitCode(error.error).rawValue
        case let error as Interruption:
            StandardError.write(Message(.error, "interrupted: \(error.consequence)"))
            return ExitCode(signal: error.signal).rawValue
        default:
            // ArgumentParser handles usage errors, requests for help, and the status of `verify`.
            guard exitCode(for: error) == .validationFailure, let root = CommandInfo.read(_dumpHelp()) else {
                exit(withError: error)
            }
            let arguments = ProcessArguments.words
            StandardError.write(complaint(fullMessage(for: error), arguments, root))
            return ExitCode.validationFailure.rawValue
        }
    }

    /// Returns the message for a wrong command line.
    ///
    /// - Parameters:
    ///   - text: The parser's message, with the usage of the command behind it.
    ///   - arguments: The command line.
    ///   - root: All commands.
    /// - Returns: The message of the word that is misspelled, or else the parser's message; with an example.
    static func complaint(_ text: String, _ arguments: [String], _ root: CommandInfo) -> String {
        if let word = UnknownWord.command(in: arguments, of: root) {
            return word.message.lines.joined(separator: "\n") + "\n"
        }
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        while lines.last?.isEmpty == true { lines.removeLast() }
        if let word = UnknownWord.option(in: arguments, of: root) {
            lines = word.message.lines + lines.drop { !$0.hasPrefix("Usage:") }
        }
        let verb = arguments.first { !$0.hasPrefix("-") }
        let surplus = lines.first?.wholeMatch(of: /error: (?:U|\d+ u)nexpected arguments?:? (.+)/)?.1
        if let verb, let words = surplus?.replacing("'", with: "`") {
            let count = words.contains(", ") ? "are" : "is one"
            lines[0] = "error: `\(verb)` takes the arguments below, and \(words) \(count) too many"
        }
        if let example = root.verbs.first(where: { $0.commandName == verb })?.example {
            lines.append("  Example: \(example)")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

/// The entry point of the process.
///
/// An asynchronous `main` would end its thread as soon as the first task waits. In a static binary, that
/// costs more than reading a large index, because libgcc sorts all descriptions of stack frames to unwind the
/// thread.
@main
enum EntryPoint {
    static func main() {
        StandardError.openClosedStreams()
        ProcessArguments.forgetRoot()
        OpenFileLimit.raise()
        Signals.unblock()
        Task(executorPreference: MainThread.shared) { await Cachectl.runAndExit() }
        MainThread.run()
    }
}
