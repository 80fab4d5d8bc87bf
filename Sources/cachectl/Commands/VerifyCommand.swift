import ArgumentParser
import CacheStore
import SystemPackage

/// `cachectl verify`: a check of every byte of archives.
struct VerifyCommand: AsyncParsableCommand, Sendable {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check every byte of archives against their checksums and names.",
        discussion: """
            Every problem is printed as an error. The exit status is 2 if an archive is \
            damaged, 1 if an archive can't be read, and 0 if all archives are sound.

            With --go-sum, each module of which that file has a hash must have the hash too. \
            The modules of which it has none are counted.

            Examples:
              cachectl verify all.castore
              cachectl verify all.castore --go-sum go.sum
              cachectl verify *.castore --quiet && echo sound
            """
    )

    /// The result of verifying one archive.
    private struct Outcome {
        var archive: String
        var report: Verify.Report?
        var problems: [CacheStoreError]
        var time: Duration
        var isSound: Bool { problems.isEmpty }
    }

    @Argument(help: ArgumentHelp("The archives to check.", valueName: "archive"), completion: .file())
    var archives: [String]

    @Option(
        name: .customLong("go-sum"),
        help: ArgumentHelp(
            "Compare modules with the hashes in this go.sum; may be repeated.",
            valueName: "file"
        ),
        completion: .file()
    )
    var sumFiles: [String] = []

    @OptionGroup
    var common: CommonOptions

    func validate() throws {
        if sumFiles.contains("") { throw ValidationError("`--go-sum` is empty") }
    }

    func run() async throws {
        var options = Verify.Options()
        options.jobs = common.jobs
        if !sumFiles.isEmpty {
            options.modules = try await NamedModules(reading: sumFiles.map { FilePath($0) })
        }
        var outcomes: [Outcome] = []
        for archive in archives {
            let outcome = try await verify(archive, options)
            for message in Message.messages(outcome.problems) { StandardError.write(message) }
            if !common.json, !common.quiet { try StandardOutput.write([Self.summary(outcome)]) }
            outcomes.append(outcome)
        }
        if common.json { try StandardOutput.write(Self.json(outcomes)) }

        let statuses = outcomes.flatMap(\.problems).map { ExitCode($0) }
        if let status = statuses.first(where: { $0 == .corrupt }) ?? statuses.first { throw status }
    }

    /// Verifies one archive.
    ///
    /// An archive that can't be read has a problem, and the other archives are verified all the same.
    private func verify(_ archive: String, _ options: Verify.Options) async throws -> Outcome {
        let begin = ContinuousClock.now
        do {
            let (report, time) = try await common.perform(
                consequence: "nothing was changed"
            ) { progress in
                try await Verify(options: options).run(FilePath(archive), progress: progress)
            }
            return Outcome(archive: archive, report: report, problems: report.problems, time: time)
        } catch let error as CacheStoreError {
            return Outcome(archive: archive, report: nil, problems: [error], time: .now - begin)
        }
    }

    private static func summary(_ outcome: Outcome) -> String {
        let name = HumanFormat.printable(outcome.archive)
        guard let report = outcome.report else {
            return outcome.archive.isEmpty ? "an empty path: not checked" : "`\(name)`: not checked"
        }
        guard outcome.isSound else {
            return "`\(name)`: \(HumanFormat.count(outcome.problems.count, "problem", "problems"))"
        }
        let members = HumanFormat.count(report.members, "member", "members")
        let size = HumanFormat.bytes(report.contentBytes)
        let rate = HumanFormat.rate(report.contentBytes, in: outcome.time)
        let sound = "`\(name)`: sound, \(members), \(size) in \(HumanFormat.duration(outcome.time)), \(rate)"
        guard let unnamed = report.unnamedModules else { return sound }
        guard unnamed > 0 else { return "\(sound); all modules are as go.sum names them" }
        let modules = HumanFormat.count(unnamed, "module is", "modules are")
        return "\(sound); \(modules) not named in go.sum, the others are as it names them"
    }

    private static func json(_ outcomes: [Outcome]) -> JSONValue {
        let archives = outcomes.map { outcome in
            ([
                "archive": .string(outcome.archive),
                "is_sound": .boolean(outcome.isSound),
                "digest": .optional(outcome.report?.digest?.description),
                "members": .integer(outcome.report?.members ?? 0),
                "chunks": .integer(outcome.report?.chunks ?? 0),
                "raw_bytes": .integer(outcome.report?.contentBytes ?? 0),
                "unnamed_modules": .optional(outcome.report?.unnamedModules),
                "problems": .array(outcome.problems.map { .problem($0) }),
                "milliseconds": .milliseconds(outcome.time),
            ] as JSONValue)
        }
        return [
            "schema": "cachectl.verify/1",
            "is_sound": .boolean(outcomes.allSatisfy(\.isSound)),
            "archives": .array(archives),
        ]
    }
}
