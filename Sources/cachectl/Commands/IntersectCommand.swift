import ArgumentParser
import CacheStore
import SystemPackage

/// `cachectl intersect`: archives in, one archive with the members that all have.
struct IntersectCommand: AsyncParsableCommand, Sendable {
    static let configuration = CommandConfiguration(
        commandName: "intersect",
        abstract: "Write what all of some archives have.",
        discussion: """
            The order of the inputs and how often one is given change nothing. Nothing \
            is decompressed.

            Where inputs hold one key with different values, the one is kept that a \
            union would drop, and they are reported. A `.mod` file or module hash that \
            differs is an error (status 2).

            Examples:
              cachectl intersect aws.castore gcp.castore azure.castore -o common.castore
              cachectl difference aws.castore common.castore -o aws-rest.castore
            """
    )

    @Argument(help: ArgumentHelp("The archives to intersect.", valueName: "archive"), completion: .file())
    var inputs: [String]

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
        ) { [inputs, options, path = output.path] progress in
            let inputs = inputs.map { FilePath($0) }
            return try await Intersect(options: options).run(inputs, to: path, progress: progress)
        }

        for warning in report.warnings { StandardError.write(Message(warning)) }
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
            "inputs": .strings(inputs),
            "input_bytes": .integer(report.inputBytes),
            "totals": .totals(report.totals),
            "conflicts": .disagreements(report.disagreements),
            "warnings": .warnings(report.warnings),
            "milliseconds": .milliseconds(time),
        ]
    }
}
