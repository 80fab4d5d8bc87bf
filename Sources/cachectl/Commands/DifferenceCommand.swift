import ArgumentParser
import CacheStore
import SystemPackage

/// `cachectl difference`: an archive of the members that one archive has and others lack.
struct DifferenceCommand: AsyncParsableCommand, Sendable {
    static let configuration = CommandConfiguration(
        commandName: "difference",
        abstract: "Write the members that one archive has and others lack.",
        discussion: """
            A union of the result and the others gives the same as a union of the whole \
            archive and the others. So only the result has to be sent to a place that has \
            the others. Nothing is decompressed, and the order of the others does not matter.

            A `.mod` file or module hash that differs is an error (status 2).

            Examples:
              cachectl difference all.castore main.castore -o delta.castore
              cachectl difference aws.castore gcp.castore azure.castore -o only.castore
            """
    )

    @Argument(help: ArgumentHelp("The archive to subtract from.", valueName: "archive"), completion: .file())
    var archive: ArchiveArgument

    @Argument(help: ArgumentHelp("The archives to subtract.", valueName: "other"), completion: .file())
    var others: [ArchiveArgument]

    @OptionGroup
    var output: OutputOptions

    @OptionGroup
    var common: CommonOptions

    func run() async throws {
        var options = SetOptions()
        options.overwrite = output.force
        options.jobs = common.jobs
        let (report, time) = try await common.perform(
            consequence: "no archive was written",
            needsAll: true
        ) { [archive, others, options, path = output.path] progress in
            try await Difference(options: options).run(
                archive.open(),
                without: ArchiveArgument.open(others),
                to: path,
                progress: progress
            )
        }
        common.show(report.warnings)
        try common.write(json(report, time), summary(report, time))
    }

    private func summary(_ report: Difference.Report, _ time: Duration) -> [String] {
        let count = HumanFormat.count(others.count, "archive", "archives")
        let members = HumanFormat.count(report.totals.all.members)
        let all = HumanFormat.count(report.whole.all.members, "member", "members")
        let size = HumanFormat.bytes(report.totals.fileBytes)
        let path = HumanFormat.printable(output.output)
        return [
            "subtracted \(count) from `\(archive.shown)`: \(members) of \(all) left "
                + "in `\(path)`, \(size) in \(HumanFormat.duration(time))",
            "",
        ] + Table.archive(report.totals, report.digest)
    }

    private func json(_ report: Difference.Report, _ time: Duration) -> JSONValue {
        [
            "schema": "cachectl.difference/1",
            "archive": .string(output.output),
            "digest": .string(report.digest.description),
            "whole": .string(archive.name),
            "subtracted": .strings(others.map(\.name)),
            "totals": .totals(report.totals),
            "whole_totals": .totals(report.whole),
            "warnings": .warnings(report.warnings),
            "milliseconds": .milliseconds(time),
        ]
    }
}
