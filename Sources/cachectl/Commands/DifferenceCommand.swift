import ArgumentParser
import CacheStore
import SystemPackage

/// `cachectl difference`: archives in, one archive with what the first has and the others have not.
struct DifferenceCommand: AsyncParsableCommand, Sendable {
    static let configuration = CommandConfiguration(
        commandName: "difference",
        abstract: "Write what one archive has and others have not.",
        discussion: """
            United with the others, the result gives what the whole archive united with \
            them gives. So it is what has to be sent to where the others are. Nothing is \
            decompressed, and the order of the others changes nothing.

            A `.mod` file or module hash that differs is an error (status 2).

            Examples:
              cachectl difference all.castore main.castore -o delta.castore
              cachectl difference aws.castore gcp.castore azure.castore -o aws-only.castore
            """
    )

    @Argument(help: ArgumentHelp("The archive to subtract from.", valueName: "archive"), completion: .file())
    var archive: String

    @Argument(help: ArgumentHelp("The archives to subtract.", valueName: "other"), completion: .file())
    var others: [String]

    @OptionGroup
    var output: OutputOptions

    @OptionGroup
    var common: CommonOptions

    func run() async throws {
        var options = SetOptions()
        options.overwrite = output.force
        options.jobs = common.jobs
        let (report, time) = try await common.perform(
            consequence: "no archive was written"
        ) { [archive, others, options, path = output.path] progress in
            try await Difference(options: options).run(
                FilePath(archive),
                without: others.map { FilePath($0) },
                to: path,
                progress: progress
            )
        }
        try common.write(json(report, time), summary(report, time))
    }

    private func summary(_ report: Difference.Report, _ time: Duration) -> [String] {
        let count = HumanFormat.count(others.count, "archive", "archives")
        let members = HumanFormat.count(report.totals.all.members)
        let all = HumanFormat.count(report.whole.all.members, "member", "members")
        let size = HumanFormat.bytes(report.totals.fileBytes)
        let path = HumanFormat.printable(output.output)
        return [
            "subtracted \(count) from `\(HumanFormat.printable(archive))`: \(members) of \(all) left "
                + "in `\(path)`, \(size) in \(HumanFormat.duration(time))",
            "",
        ] + Table.archive(report.totals, report.digest)
    }

    private func json(_ report: Difference.Report, _ time: Duration) -> JSONValue {
        [
            "schema": "cachectl.difference/1",
            "archive": .string(output.output),
            "digest": .string(report.digest.description),
            "whole": .string(archive),
            "subtracted": .strings(others),
            "totals": .totals(report.totals),
            "whole_totals": .totals(report.whole),
            "milliseconds": .milliseconds(time),
        ]
    }
}
