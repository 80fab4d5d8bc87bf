import ArgumentParser
import CacheStore
import Glibc

/// The command line of CacheStore: parses, calls the library, prints, and exits with a documented status.
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
            warnings and errors go to standard error, progress only to a terminal.

            Exit status:
              0     done; also if standard output was closed early, as by `| head`
              1     failed: a file is missing, exists already, or can't be read or
                    written; no room; a newer archive format; no Go command; one
                    label for two different packs; or (doctor) builds will not hit,
                    (seal --check) a cache is not sealed, or (diff --exit-code) two
                    archives differ
              2     data is corrupt: not an archive, a damaged archive, a name or a
                    symbolic link that leads outside the target, archives in conflict,
                    or (pack --strict) a damaged cache
              64    the command line is wrong
              129, 130, 143   stopped by SIGHUP, SIGINT or SIGTERM; nothing half-done
                    is left. A second signal stops at once.
            """,
        version: Version.current,
        subcommands: [
            PackCommand.self, UnionCommand.self, DifferenceCommand.self, IntersectCommand.self,
            RestoreCommand.self, LayersCommand.self, SealCommand.self,
            DoctorCommand.self, VerifyCommand.self, InfoCommand.self, ExplainCommand.self, DiffCommand.self,
            LsCommand.self, CatCommand.self,
        ]
    )

    /// How ArgumentParser begins its messages; the same as ours.
    static var _errorPrefix: String { "error: " }

    /// Does what the arguments say, and ends the process.
    static func runAndExit() async -> Never {
        do {
            try Signals.listen()
            var command = try await asyncParseAsRoot()
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

    /// Says what went wrong, and gives the status to exit with.
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
            // Usage errors, requests for help, the status of `verify`: ArgumentParser knows them.
            exit(withError: error)
        }
    }
}

/// Where the process begins.
///
/// An asynchronous `main` would end its thread once the first task waits, and in a static binary that costs more
/// than to read a large index: libgcc sorts all descriptions of stack frames to unwind it.
@main
enum EntryPoint {
    static func main() {
        StandardError.openClosedStreams()
        Signals.unblock()
        Task.detached { await Cachectl.runAndExit() }
        while true { pause() }
    }
}
