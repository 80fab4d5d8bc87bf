import ArgumentParser
import CacheStore
import SystemPackage

/// `cachectl seal`: the protection that a restore gives, for a build cache that is in place.
struct SealCommand: AsyncParsableCommand, Sendable {
    static let configuration = CommandConfiguration(
        commandName: "seal",
        abstract: "Protect a build cache that is in place, as a restore does.",
        discussion: """
            Gives every entry a time in the far future, so that Go never trims the entry and \
            never rewrites its time. Also sets the modes and writes the trim.txt that other \
            users need. With --gomodcache, other users can also add modules there. In a \
            Dockerfile, seal the caches after the last go command. The indexes of checkouts are \
            not sealed: Go forgets them after five days. In the finished image, \
            before any build there, --check changes nothing and says what a later step has \
            undone. After a build it also counts what that build has added.

            Exit status 1 with --check: the cache is not sealed.

            Examples:
              cachectl seal /var/cache/go-build
              cachectl seal /var/cache/go-build --gomodcache /var/cache/go-mod
              cachectl seal /var/cache/go-build --profile readonly
              cachectl seal /var/cache/go-build --check --json
            """
    )

    @Argument(help: ArgumentHelp("GOCACHE.", valueName: "directory"), completion: .directory)
    var directory: String

    @Option(
        help: ArgumentHelp(
            "The users of the cache: `image` for users of a writable copy, `readonly` for users who can't "
                + "write to it. (default: image)",
            valueName: "image|readonly"
        ),
        transform: CacheProfile.read
    )
    var profile = CacheProfile.image

    @Option(
        help: ArgumentHelp(
            "GOMODCACHE, to give its directories and files the modes of the profile, too.",
            valueName: "dir"
        ),
        completion: .directory
    )
    var gomodcache: String?

    @Flag(help: "Change nothing, and say what is not sealed.")
    var check = false

    @OptionGroup
    var common: CommonOptions

    func validate() throws {
        if gomodcache == "" { throw ValidationError("`--gomodcache` is empty") }
        let options = options
        try OptionCheck.run { () throws(CacheStoreError) in try options.check() }
    }

    func run() async throws {
        let (report, time) = try await common.perform(
            consequence: "run it again to seal the rest"
        ) { [options, directory] progress in
            try await Seal(options: options).run(FilePath(directory), progress: progress)
        }
        common.show(report.warnings)
        let rest = report.faults.filter { check || $0.kind == .foreign }
        if common.json {
            try StandardOutput.write(json(report, time))
        } else if !common.quiet || !rest.isEmpty {
            try StandardOutput.write(summary(report, time))
        }
        if !rest.isEmpty { throw ExitCode.failure }
    }

    private var options: Seal.Options {
        var options = Seal.Options()
        (options.profile, options.isDryRun, options.jobs) = (profile, check, common.jobs)
        options.moduleCache = gomodcache.map { FilePath($0) }
        return options
    }

    private func summary(_ report: Seal.Report, _ time: Duration) -> [String] {
        let name = HumanFormat.printable(directory)
        let entries = HumanFormat.count(report.entries, "entry", "entries")
        let verdict: String
        if report.faults.isEmpty {
            verdict = check ? "is sealed" : "was sealed already"
        } else {
            verdict = check ? "is not sealed" : "sealed"
        }
        var lines = ["`\(name)` \(verdict): \(entries), \(HumanFormat.duration(time))"]
        guard !report.faults.isEmpty else { return lines }
        var table = Table(.left(check ? "fault" : "mended"), .right("count"), .left("first"))
        for fault in report.faults {
            table.append(
                words(fault.kind),
                HumanFormat.count(fault.count),
                HumanFormat.printable(fault.first.string)
            )
        }
        lines += [""] + table.lines
        if check {
            lines += ["", "hint: \(RemedyText.sealing(directory, profile, moduleCache: gomodcache))"]
        }
        return lines
    }

    private func words(_ kind: Seal.Report.Fault.Kind) -> String {
        let isReadOnly = profile == .readonly
        return switch kind {
        case .time: "time that Go trims or rewrites"
        case .mode: isReadOnly ? "file that others can't use, or can write" : "file that others can't use"
        case .missingDirectory: "missing directory"
        case .directoryMode: "mode of a directory"
        case .trimFile: "trim.txt"
        case .moduleDirectoryMode:
            isReadOnly
                ? "mode of a directory of GOMODCACHE" : "directory where others can't add modules"
        case .moduleFileMode:
            isReadOnly ? "mode of a file of GOMODCACHE" : "file of GOMODCACHE that others can't write"
        case .foreign: "not an entry, left alone"
        default: kind.rawValue
        }
    }

    private func json(_ report: Seal.Report, _ time: Duration) -> JSONValue {
        [
            "schema": "cachectl.seal/1",
            "gocache": .string(directory),
            "gomodcache": .optional(gomodcache),
            "profile": .string(profile.rawValue),
            "is_check": .boolean(check),
            "entries": .integer(report.entries),
            "warnings": .warnings(report.warnings),
            "faults": .array(
                report.faults.map {
                    [
                        "kind": .string($0.kind.rawValue), "count": .integer($0.count),
                        "first": .string($0.first.string),
                    ]
                }
            ),
            "milliseconds": .milliseconds(time),
        ]
    }
}
