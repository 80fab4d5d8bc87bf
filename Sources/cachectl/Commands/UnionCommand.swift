import ArgumentParser
import CacheStore
import SystemPackage

/// `cachectl union`: an archive of the members of several archives.
struct UnionCommand: AsyncParsableCommand, Sendable {
    static let configuration = CommandConfiguration(
        commandName: "union",
        abstract: "Unite archives into one that holds the members of all.",
        discussion: """
            The order of the inputs does not matter, and an input may be given repeatedly: \
            equal sets give equal archives. Nothing is decompressed, and content that \
            several inputs hold is copied once.

            Where an input is damaged and another one has a sound copy, the sound copy is \
            taken, with a warning. Damage in what is not copied is not noticed; `verify` \
            finds it.

            Where inputs hold different values for one key, a fixed rule keeps one of them, \
            and the rest are reported. A `.mod` file or module hash that differs is an error \
            (status 2).

            Examples:
              cachectl union aws.castore gcp.castore -o all.castore
              cachectl union all.castore azure.castore -o all.castore --force
            """
    )

    @Argument(help: ArgumentHelp("The archives to unite.", valueName: "archive"), completion: .file())
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
            consequence: "no archive was written",
            needsAll: true
        ) { [inputs, options, path = output.path] progress in
            let inputs = inputs.map { FilePath($0) }
            return try await Union(options: options).run(inputs, to: path, progress: progress)
        }

        common.show(report.warnings)
        for message in Message.disagreements(report.disagreements) { StandardError.write(message) }
        try common.write(json(report, time), summary(report, time))
    }

    private func summary(_ report: Union.Report, _ time: Duration) -> [String] {
        let archives = HumanFormat.count(report.inputs, "archive", "archives")
        let inputSize = HumanFormat.bytes(report.inputBytes)
        let size = HumanFormat.bytes(report.totals.fileBytes)
        let duration = HumanFormat.duration(time)
        return [
            "united \(archives) of \(inputSize) into `\(HumanFormat.printable(output.output))`: "
                + "\(size) in \(duration)",
            "",
        ] + Table.archive(report.totals, report.digest)
    }

    private func json(_ report: Union.Report, _ time: Duration) -> JSONValue {
        [
            "schema": "cachectl.union/1",
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
