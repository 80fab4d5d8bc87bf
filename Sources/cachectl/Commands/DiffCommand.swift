import ArgumentParser
import CacheStore
import SystemPackage

/// `cachectl diff`: the differences between two archives.
struct DiffCommand: AsyncParsableCommand, Sendable {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Show how two archives differ.",
        discussion: """
            Shows the members that only the first archive has (removed) and those that only \
            the second has (added), by kind, module and package, the largest first. The \
            sources of a member are not compared. Bars and `stored` count the bytes in one \
            archive that the other lacks. Content is compared by the hashes in the indexes, and \
            not checked: `cachectl verify` checks it.

            With --same-job, only actions are compared, for two archives of one job that ran \
            twice in empty caches: those with other outputs are listed with their packages, \
            and the exit status is 1 if there are any, or if there is nothing to compare. \
            Results of tests and sources generated for coverage differ in each run; they are \
            counted apart and do not matter, and neither do actions that only one archive has.

            Examples:
              cachectl diff main.castore today.castore
              cachectl diff main.castore today.castore --exit-code --quiet
              cachectl diff monday.castore tuesday.castore --same-job
              cachectl diff a.castore b.castore --json | jq -r '.packages[].import_path'
            """
    )

    @Argument(help: ArgumentHelp("The archive to compare with.", valueName: "first"), completion: .file())
    var first: ArchiveArgument

    @Argument(help: ArgumentHelp("The archive to compare.", valueName: "second"), completion: .file())
    var second: ArchiveArgument

    @Option(help: ArgumentHelp("The number of lines in each list.", valueName: "n"))
    var top = 15

    @Flag(help: "Exit with status 1 if the archives differ.")
    var exitCode = false

    @Flag(
        help: "List the actions with other outputs; exit with status 1 if there are any, or nothing compares."
    )
    var sameJob = false

    @OptionGroup
    var common: CommonOptions

    func validate() throws {
        if top < 1 { throw ValidationError("`--top` must be at least 1") }
        if sameJob, exitCode {
            throw ValidationError("`--same-job` sets the exit status by itself: leave `--exit-code` out")
        }
    }

    func run() async throws {
        let archives = (try await first.open(), try await second.open())
        if sameJob { return try await reproduce(archives.0, archives.1) }
        var options = Diff.Options()
        options.jobs = common.jobs
        let (comparison, time) = try await common.perform(
            consequence: "nothing was changed"
        ) { [options] progress in
            try await Diff(options: options).run(archives.0, archives.1, progress: progress)
        }
        try common.write(json(comparison, time), text(comparison))
        if exitCode, !comparison.isEmpty { throw ExitCode.failure }
    }

    private func reproduce(_ first: Archive, _ second: Archive) async throws {
        let (report, time) = try await common.perform(consequence: "nothing was changed") { progress in
            try await Reproduction().run(first, second, progress: progress)
        }
        let view = ReproductionView(report: report, paths: (self.first.name, self.second.name), top: top)
        if let reason = view.reasonForNothing { StandardError.write(Message(.error, reason)) }
        try common.write(view.json(time), view.text)
        if report.isReproduced != true { throw ExitCode.failure }
    }

    private func text(_ comparison: Diff.Report) -> [String] {
        func title(_ path: String, _ bytes: Int) -> String {
            "`\(HumanFormat.printable(path))`, \(HumanFormat.bytes(bytes))"
        }
        let first = title(first.name, comparison.firstFileBytes)
        var lines = ["\(first) → \(title(second.name, comparison.secondFileBytes))"]
        if comparison.isEmpty { return lines + ["", "both hold the same members"] }
        for (title, table) in ComparisonView(comparison: comparison, top: top).sections where !table.isEmpty {
            lines += ["", title, ""] + table.lines
        }
        if comparison.unknownPackages > 0 {
            let count = HumanFormat.count(comparison.unknownPackages, "package", "packages")
            lines += ["", "\(count) could not be named"]
        }
        return lines
    }

    private func json(_ comparison: Diff.Report, _ time: Duration) -> JSONValue {
        [
            "schema": "cachectl.diff/1",
            "first": .string(first.name),
            "second": .string(second.name),
            "is_equal": .boolean(comparison.isEmpty),
            "all_removed": .tally(comparison.allRemoved),
            "all_added": .tally(comparison.allAdded),
            "removed": .kinds(comparison.removed),
            "added": .kinds(comparison.added),
            "modules": .array(comparison.modules.map(Self.module)),
            "packages": .array(
                comparison.packages.map {
                    [
                        "import_path": .string($0.importPath),
                        "module": .string($0.module),
                        "removed": Self.amount($0.removed),
                        "added": Self.amount($0.added),
                    ]
                }
            ),
            "unknown_packages": .integer(comparison.unknownPackages),
            "milliseconds": .milliseconds(time),
        ]
    }

    private static func module(_ module: Diff.Report.Module) -> JSONValue {
        func versions(_ versions: [Explain.Report.Module.Version]) -> JSONValue {
            .array(
                versions.map {
                    [
                        "version": .string($0.version),
                        "raw_bytes": .integer($0.contentBytes),
                        "stored_bytes": .integer($0.storedBytes),
                        "sources": .strings($0.sources),
                    ]
                }
            )
        }
        return [
            "path": .string(module.path),
            "removed_versions": versions(module.removedVersions),
            "added_versions": versions(module.addedVersions),
            "removed_packages": amount(module.removedPackages),
            "added_packages": amount(module.addedPackages),
            "removed_stored_bytes": .integer(module.removedStoredBytes),
            "added_stored_bytes": .integer(module.addedStoredBytes),
        ]
    }

    private static func amount(_ amount: Diff.Report.Amount) -> JSONValue {
        [
            "count": .integer(amount.count),
            "raw_bytes": .integer(amount.contentBytes),
            "stored_bytes": .integer(amount.storedBytes),
        ]
    }
}
