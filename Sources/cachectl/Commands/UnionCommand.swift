import ArgumentParser
import CacheStore
import Synchronization
import SystemPackage

/// `cachectl union`: an archive of the members of several archives.
struct UnionCommand: AsyncParsableCommand, Sendable {
    static let configuration = CommandConfiguration(
        commandName: "union",
        abstract: "Unite archives into one that holds the members of all.",
        discussion: """
            The order of the inputs does not matter, and an input may be given repeatedly: \
            equal sets give equal archives. Nothing is decompressed, and content that \
            several inputs hold is copied once; `cachectl select --level` makes the same \
            union, compressed again.

            Where an input is damaged and another one has a sound copy, the sound copy is \
            taken, with a warning. Damage in what is not copied is not noticed; `verify` \
            finds it.

            Where inputs hold different values for one key, a fixed rule keeps one of them, \
            and the rest are reported. A `.mod` file or module hash that differs is an error \
            (status 2).

            An action entry decides which compiled package or program a build takes. Where \
            jobs have several outputs for one action ID, --on-conflict says what becomes of \
            its entries: `keep` keeps all, and a restore takes the one with the lowest \
            output ID; `fail` ends with status 2 and names the package, and the label and \
            archive of each output (with --json, the object lists all of them as `disputes`); \
            `drop` leaves them out, so that Go compiles for itself. A dropped ID is not remembered: \
            a later union brings back what one of its inputs holds. To unite in several \
            steps, use `drop` in the last.

            Examples:
              cachectl union aws.castore gcp.castore -o all.castore
              cachectl union all.castore azure.castore -o all.castore --force
              cachectl union *.castore -o all.castore --on-conflict fail
            """
    )

    @Argument(help: ArgumentHelp("The archives to unite.", valueName: "archive"), completion: .file())
    var inputs: [ArchiveArgument]

    @Option(
        name: .customLong("on-conflict"),
        help: ArgumentHelp(
            "The treatment of action IDs with several outputs: `keep`, `fail` or `drop`.",
            valueName: "policy"
        ),
        transform: Union.DisputePolicy.read
    )
    var policy: Union.DisputePolicy = .keep

    @OptionGroup
    var output: OutputOptions

    @OptionGroup
    var common: CommonOptions

    func run() async throws {
        var options = SetOptions()
        options.overwrite = output.force
        options.jobs = common.jobs
        var union = Union(options: options, policy: policy)
        let (refused, start) = (Refused(), ContinuousClock.now)
        union.onRefusal = { disputes in refused.list.withLock { $0 = disputes } }
        let (report, time): (Union.Report, Duration)
        do {
            (report, time) = try await common.perform(
                consequence: "no archive was written",
                needsAll: true
            ) { [inputs, union, path = output.path] progress in
                try await union.run(ArchiveArgument.open(inputs), to: path, progress: progress)
            }
        } catch let error as CacheStoreError where error.code == .dispute && common.json {
            try StandardOutput.write(json(nil, refused.list.withLock(\.self), .now - start))
            throw error
        }

        common.show(report.warnings)
        // The action entries among the disagreements are told with their packages.
        let others = report.disagreements.filter { $0.kind != .action }
        let messages = Message.disputes(report.disputes, policy) + Message.disagreements(others)
        for message in messages { StandardError.write(message) }
        try common.write(json(report, report.disputes, time), summary(report, time))
    }

    /// The disputed actions on which the union failed.
    private final class Refused: Sendable {
        let list = Mutex<[ActionDispute]>([])
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

    /// Returns the result as JSON; `report` is `nil` if the union failed on the disputes.
    private func json(_ report: Union.Report?, _ disputes: [ActionDispute], _ time: Duration) -> JSONValue {
        [
            "schema": "cachectl.union/1",
            "archive": .string(output.output),
            "digest": .optional(report?.digest.description),
            "inputs": .strings(inputs.map(\.name)),
            "input_bytes": .optional(report?.inputBytes),
            "totals": report.map { .totals($0.totals) } ?? .null,
            "conflicts": .disagreements((report?.disagreements ?? []).filter { $0.kind != .action }),
            "on_conflict": .string(policy.rawValue),
            "disputes": .disputes(disputes),
            "warnings": .warnings(report?.warnings ?? []),
            "milliseconds": .milliseconds(time),
        ]
    }
}
