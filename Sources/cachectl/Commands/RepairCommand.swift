import ArgumentParser
import CacheStore
import SystemPackage

/// `cachectl repair`: a damaged archive made whole with the content of other archives.
struct RepairCommand: AsyncParsableCommand, Sendable {
    static let configuration = CommandConfiguration(
        commandName: "repair",
        abstract: "Make a damaged archive whole with the content of other archives.",
        discussion: """
            Each damaged piece of content is taken from the first of the other archives that \
            has it sound: copies of the archive, the packs that it was united from, or any \
            archives that share content with it. They may be damaged too, as long as they \
            are not damaged in the same places. One that is of no use is named in a warning. \
            What no archive has is left out and listed.

            If only the bytes around the index are damaged, or bytes were lost or added in \
            front of it, the index is found and used. If the archive lost its index, as a \
            file that was cut short does, the index of another archive serves, and what is \
            left is found by decoding it. Without `--from`, only an archive with a sound \
            index can be repaired. An index is proven by its SHA-256, which lies in front \
            of it.

            The exit status is 0 if the new archive has all members, and 3 if members are \
            left out, or if nothing proves that the index is the one from before the damage.

            Examples:
              cachectl repair all.castore --from aws.castore gcp.castore -o mended.castore
              cachectl repair all.castore --from copy.castore -o all.castore --force
              cachectl repair all.castore -o rest.castore
            """
    )

    @Argument(help: ArgumentHelp("The damaged archive.", valueName: "archive"), completion: .file())
    var damaged: String

    @Option(
        name: .customLong("from"),
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "The archives to take content from, the preferred ones first. (default: none)",
            valueName: "other"
        ),
        completion: .file()
    )
    var others: [String] = []

    @OptionGroup
    var output: OutputOptions

    @OptionGroup
    var common: CommonOptions

    func validate() throws {
        if others.contains("") { throw ValidationError("`--from` is empty") }
    }

    func run() async throws {
        var options = Repair.Options()
        options.overwrite = output.force
        options.jobs = common.jobs
        let (report, time) = try await common.perform(
            consequence: "no archive was written"
        ) { [damaged, others, options, path = output.path] progress in
            try await Repair(options: options).run(
                FilePath(damaged),
                from: others.map { FilePath($0) },
                to: path,
                progress: progress
            )
        }
        common.show(report.warnings)
        try common.write(json(report, time), summary(report, time))
        if !report.isComplete { throw ExitCode.partial }
    }

    private func summary(_ report: Repair.Report, _ time: Duration) -> [String] {
        let (name, path) = (HumanFormat.printable(damaged), HumanFormat.printable(output.output))
        let size = "\(HumanFormat.bytes(report.totals.fileBytes)) in \(HumanFormat.duration(time))"
        var lines = ["repaired `\(name)` into `\(path)`: \(state(of: report)); \(size)"]
        if !report.replaced.isEmpty { lines.append("") }
        for (source, frames) in Dictionary(grouping: report.replaced, by: \.source.string)
            .sorted(by: { $0.key < $1.key })
        {
            // Of an archive that lost its index, pieces may be missing altogether.
            let kind = report.foreignIndex == nil ? "damaged" : "damaged or missing"
            let count = HumanFormat.count(frames.count, "\(kind) piece", "\(kind) pieces")
            lines.append("took \(count) from `\(HumanFormat.printable(source))`")
        }
        lines += HumanFormat.leftOut(report.leftOut)
        if report.lostChunks > 0 {
            let count = HumanFormat.count(report.lostChunks, "damaged piece", "damaged pieces")
            lines += ["", "left out \(count) that no member uses"]
        }
        return lines + [""] + Table.archive(report.totals, report.digest)
    }

    /// Returns the state of the new archive in words.
    private func state(of report: Repair.Report) -> String {
        let codes = Set(report.warnings.map(\.code))
        if report.isIdentical {
            let wasDamaged =
                !report.replaced.isEmpty || !codes.isDisjoint(with: [.damagedTrailer, .foreignIndex])
            guard report.surplusBytes > 0 else {
                return wasDamaged ? "it is whole, byte for byte as before the damage" : "nothing was damaged"
            }
            let surplus = HumanFormat.count(report.surplusBytes, "byte", "bytes")
            return "it is whole, byte for byte, without the \(surplus) behind its end"
        }
        if report.isComplete {
            if codes.contains(.rewrittenIndex) { return "it is whole, with an index that was written anew" }
            return "it is whole, with the digest from before the damage, but other bytes"
        }
        if report.leftOut.isEmpty, report.lostChunks == 0 {
            return report.statedDigest == report.digest
                ? "it has the digest from before the damage, but nothing proves the rest of its index"
                : "nothing proves that it is whole"
        }
        return "it is sound, but not whole"
    }

    private func json(_ report: Repair.Report, _ time: Duration) -> JSONValue {
        [
            "schema": "cachectl.repair/1",
            "archive": .string(output.output),
            "digest": .string(report.digest.description),
            "damaged": .string(damaged),
            "damaged_digest": .optional(report.statedDigest?.description),
            "is_complete": .boolean(report.isComplete),
            "is_identical": .boolean(report.isIdentical),
            "replaced": .array(
                report.replaced.map {
                    [
                        "chunk": .string($0.chunk.description),
                        "from": .string($0.source.string),
                        "offset": .integer($0.offset),
                        "has_same_bytes": .boolean($0.hasSameBytes),
                    ]
                }
            ),
            "left_out": .damagedMembers(report.leftOut),
            "lost_chunks": .integer(report.lostChunks),
            "foreign_index": .optional(report.foreignIndex?.string),
            "unnamed_chunks": .integer(report.unnamedChunks),
            "surplus_bytes": .integer(report.surplusBytes),
            "totals": .totals(report.totals),
            "warnings": .warnings(report.warnings),
            "milliseconds": .milliseconds(time),
        ]
    }
}
