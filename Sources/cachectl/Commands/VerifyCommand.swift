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

            With --sample or --for, the index is checked whole, and of the content a part, in \
            whole outputs, modules and zips: another part in each run, and the same one with \
            the --seed that is printed. So --sample checks about its share, and a module \
            longer than twice the share only if it is drawn first. --for ends in time, but \
            reads the index and one member whole. A part without damage has status 0, and \
            proves nothing about the rest.

            Examples:
              cachectl verify all.castore
              cachectl verify all.castore --sample 5%
              cachectl verify all.castore --for 2s
              cachectl verify all.castore --go-sum go.sum
              cachectl verify *.castore --quiet && echo sound
            """
    )

    /// The result of verifying one archive.
    private struct Outcome {
        var archive: ArchiveArgument
        var report: Verify.Report?
        var problems: [CacheStoreError]
        var time: Duration
        /// Whether no problem was found.
        var isSound: Bool { problems.isEmpty }
        /// The part that was checked, unless it was all.
        var part: Verify.Report.Checked? { report?.checked.flatMap { $0.isWhole ? nil : $0 } }
    }

    @Argument(help: ArgumentHelp("The archives to check.", valueName: "archive"), completion: .file())
    var archives: [ArchiveArgument]

    @Option(
        name: .customLong("go-sum"),
        help: ArgumentHelp(
            "Compare modules with the hashes in this go.sum; may be repeated.",
            valueName: "file"
        ),
        completion: .file()
    )
    var sumFiles: [String] = []

    @Option(
        help: ArgumentHelp("Check the index and this share of the content.", valueName: "percent"),
        transform: Percentage.read
    )
    var sample: Double?

    @Option(
        name: .customLong("for"),
        help: ArgumentHelp(
            "Check the index, and of each archive's content as much as fits in this time, for example `2s`.",
            valueName: "time"
        ),
        transform: TimeSpan.read
    )
    var time: Duration?

    @Option(
        help: ArgumentHelp(
            "The number that chooses the part, 0 to 4294967295. (default: another in each run)",
            valueName: "n"
        )
    )
    var seed: UInt32?

    @OptionGroup
    var common: CommonOptions

    func validate() throws {
        if sumFiles.contains("") { throw ValidationError("`--go-sum` is empty") }
        if sample != nil, time != nil {
            throw ValidationError("`--sample` and `--for` each choose a part: give one of them")
        }
        let option = sample == nil ? time == nil ? nil : "--for" : "--sample"
        if let option, !sumFiles.isEmpty {
            throw ValidationError(
                "`--go-sum` needs all modules to be read, and `\(option)` reads a part: leave one of them out"
            )
        }
        if option == nil, seed != nil {
            throw ValidationError("`--seed` chooses the part of `--sample` or `--for`: give one of these too")
        }
    }

    func run() async throws {
        var options = Verify.Options()
        options.jobs = common.jobs
        options.part =
            if let sample {
                try .share(sample, seed: seed)
            } else {
                time.map { .time($0, seed: seed) }
            }
        if !sumFiles.isEmpty {
            options.modules = try await NamedModules(reading: sumFiles.map { FilePath($0) })
        }
        var outcomes: [Outcome] = []
        for archive in archives {
            let outcome = try await verify(archive, options)
            for message in Message.messages(outcome.problems) { StandardError.write(message) }
            if common.quiet, !common.json, !outcome.isSound, let part = outcome.part {
                StandardError.write(Message(.hint, "only \(Self.words(part)) was checked"))
            }
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
    private func verify(_ archive: ArchiveArgument, _ options: Verify.Options) async throws -> Outcome {
        let begin = ContinuousClock.now
        do {
            let (report, time) = try await common.perform(
                consequence: "nothing was changed"
            ) { progress in
                try await Verify(options: options).run(archive.open(), progress: progress)
            }
            return Outcome(archive: archive, report: report, problems: report.problems, time: time)
        } catch let error as CacheStoreError {
            return Outcome(archive: archive, report: nil, problems: [error], time: .now - begin)
        }
    }

    private static func summary(_ outcome: Outcome) -> String {
        let name = outcome.archive.shown
        guard let report = outcome.report else {
            return outcome.archive.name.isEmpty ? "an empty path: not checked" : "`\(name)`: not checked"
        }
        guard outcome.isSound else {
            let problems = HumanFormat.count(outcome.problems.count, "problem", "problems")
            return "`\(name)`: \(problems)"
                + (outcome.part.map { " in \(words($0)); the rest was not checked" } ?? "")
        }
        let members = HumanFormat.count(report.members, "member", "members")
        if let part = outcome.part {
            let time = HumanFormat.duration(outcome.time)
            return "`\(name)`: no damage in \(words(part)), in \(time); the rest was not checked"
        }
        let size = HumanFormat.bytes(report.contentBytes)
        let rate = HumanFormat.rate(report.contentBytes, in: outcome.time)
        let sound = "`\(name)`: sound, \(members), \(size) in \(HumanFormat.duration(outcome.time)), \(rate)"
        guard let unnamed = report.unnamedModules else { return sound }
        guard unnamed > 0 else { return "\(sound); all modules are as go.sum names them" }
        let modules = HumanFormat.count(unnamed, "module is", "modules are")
        return "\(sound); \(modules) not named in go.sum, the others are as it names them"
    }

    /// Returns the words for a part of an archive.
    private static func words(_ part: Verify.Report.Checked) -> String {
        let (size, all) = (HumanFormat.bytes(part.contentBytes), HumanFormat.bytes(part.allContentBytes))
        let members = HumanFormat.count(part.allMembers, "member", "members")
        return "the index and \(Percentage.text(part.share)) of the content: "
            + "\(HumanFormat.count(part.members)) of \(members), \(size) of \(all) (--seed \(part.seed))"
    }

    /// Returns whether archives are known to be sound; `nil` where no problem was found in a part.
    private static func isSound(_ outcomes: [Outcome]) -> Bool? {
        if outcomes.contains(where: { !$0.isSound }) { return false }
        return outcomes.allSatisfy { $0.report?.isSound ?? false } ? true : nil
    }

    private static func json(_ checked: Verify.Report.Checked) -> JSONValue {
        [
            "seed": .integer(Int(checked.seed)),
            "members": .integer(checked.members),
            "all_members": .integer(checked.allMembers),
            "raw_bytes": .integer(checked.contentBytes),
            "all_raw_bytes": .integer(checked.allContentBytes),
            "is_whole": .boolean(checked.isWhole),
        ]
    }

    private static func json(_ outcomes: [Outcome]) -> JSONValue {
        let archives = outcomes.map { outcome in
            ([
                "archive": .string(outcome.archive.name),
                "is_sound": isSound([outcome]).map { .boolean($0) } ?? .null,
                "digest": .optional(outcome.report?.digest?.description),
                "members": .integer(outcome.report?.members ?? 0),
                "chunks": .integer(outcome.report?.chunks ?? 0),
                "raw_bytes": .integer(outcome.report?.contentBytes ?? 0),
                "part": outcome.report?.checked.map { json($0) } ?? .null,
                "unnamed_modules": .optional(outcome.report?.unnamedModules),
                "problems": .array(outcome.problems.map { .problem($0) }),
                "milliseconds": .milliseconds(outcome.time),
            ] as JSONValue)
        }
        return [
            "schema": "cachectl.verify/1",
            "is_sound": isSound(outcomes).map { .boolean($0) } ?? .null,
            "archives": .array(archives),
        ]
    }
}
