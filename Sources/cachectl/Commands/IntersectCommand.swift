import ArgumentParser
import CacheStore
import SystemPackage

/// `cachectl intersect`: an archive of the members that several archives have in common.
struct IntersectCommand: AsyncParsableCommand, Sendable {
    static let configuration = CommandConfiguration(
        commandName: "intersect",
        abstract: "Write the members that several archives have in common.",
        discussion: """
            The order of the inputs does not matter, and an input may be given repeatedly. \
            Nothing is decompressed.

            Where inputs hold different values for one key, the value that a union would \
            drop is kept, and the disagreement is reported. A `.mod` file or module hash \
            that differs is an error (status 2).

            Examples:
              cachectl intersect aws.castore gcp.castore azure.castore -o common.castore
              cachectl difference aws.castore common.castore -o aws-rest.castore
            """
    )

    @Argument(help: ArgumentHelp("The archives to intersect.", valueName: "archive"), completion: .file())
    var inputs: [ArchiveArgument]

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
        ) { [inputs, options, path = output.path] progress in
            let inputs = try await ArchiveArgument.open(inputs)
            return try await Intersect(options: options).run(inputs, to: path, progress: progress)
        }

        common.show(report.warnings)
        for message in Message.disagreements(report.disagreements) { StandardError.write(message) }
        try common.write(json(report, time), summary(report, time))
    }

    private func summary(_ report: Intersect.Report, _ time: Duration) -> [String] {
        let archives = HumanFormat.count(report.inputs, "archive", "archives")
        let members = HumanFormat.count(report.totals.all.members, "member", "members")
        let size = HumanFormat.bytes(report.totals.fileBytes)
        let path = HumanFormat.printable(output.output)
        return [
            "wrote the \(members) that \(archives) have in common into `\(path)`: "
                + "\(size) in \(HumanFormat.duration(time))",
            "",
        ] + Table.archive(report.totals, report.digest)
    }

    private func json(_ report: Intersect.Report, _ time: Duration) -> JSONValue {
        [
            "schema": "cachectl.intersect/1",
            "archive": .string(output.output),
            "digest": .string(report.digest.description),
            "inputs": .strings(inputs.map(\.name)),
            "input_bytes": .integer(report.inputBytes),
            "totals": .totals(report.totals),
            "conflicts": .disagreements(report.disagreements),
            "warnings": .warnings(report.warnings),
            "milliseconds": .milliseconds(time),
        ]
    }
}
