import ArgumentParser
import CacheStore
import SystemPackage

/// `cachectl info`: an archive in figures.
struct InfoCommand: AsyncParsableCommand, Sendable {
    static let configuration = CommandConfiguration(
        commandName: "info",
        abstract: "Show what an archive holds, in figures.",
        discussion: """
            `content` counts the bytes that a restore writes, and `stored` the bytes that \
            they take in the archive. A chunk that several members use counts once. The \
            toolchains and targets are those that the source's packages state, with their \
            numbers. With --json, the whole Go environment of every source is shown.

            With --metrics, the figures go to a file in the text format of Prometheus, which \
            the textfile collector of node_exporter reads if the name ends in `.prom`. The \
            file is replaced at once; a file that holds anything but such figures stays as it is, \
            and the status is 1. With --quiet, nothing else is printed.

            Only the index is checked, and not the content: `cachectl verify` checks it.

            Examples:
              cachectl info all.castore
              cachectl info all.castore -q --metrics /var/lib/node_exporter/go.prom
              cachectl info all.castore --json | jq -r .digest
            """
    )

    @Argument(help: ArgumentHelp("The archive.", valueName: "archive"), completion: .file())
    var archive: ArchiveArgument

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Write the figures to this file as Prometheus text; `-` is standard output.",
            valueName: "file"
        ),
        completion: .file()
    )
    var metrics: String?

    @OptionGroup
    var common: CommonOptions

    func validate() throws {
        if metrics == "" { throw ValidationError("`--metrics` is empty") }
        if let metrics, metrics.hasPrefix("-"), metrics != "-" {
            throw ValidationError("`--metrics` needs a file: write `./\(metrics)` for a file of that name")
        }
        if metrics == "-", common.json {
            throw ValidationError(
                "`--metrics -` and `--json` both write to standard output: give one of them"
            )
        }
    }

    func run() async throws {
        let archive = try await archive.open()
        if let metrics, metrics != "-" { try ArchiveMetrics.check(FilePath(metrics), besides: archive) }
        let summary = try await archive.summary()
        if let metrics {
            let (name, version) = (self.archive.name, archive.formatVersion)
            let page = ArchiveMetrics(path: name, version: version, summary: summary)
            if metrics == "-" { return try writeToStandardOutput(page) }
            try page.publish(at: FilePath(metrics))
            if common.quiet { return }
        }
        if common.json {
            try StandardOutput.write(json(archive, summary))
        } else {
            try StandardOutput.write(text(archive, summary))
        }
    }

    /// Writes the figures as they are, because other programs read their lines.
    private func writeToStandardOutput(_ metrics: ArchiveMetrics) throws {
        var output = StandardOutput()
        for line in metrics.lines { try output.writeLine(line) }
        try output.flush()
    }

    private func text(_ archive: Archive, _ summary: ArchiveSummary) -> [String] {
        let totals = summary.totals
        let frames = "\(HumanFormat.count(totals.chunks)) of \(HumanFormat.bytes(totals.frameBytes))"
        let lines = [
            "archive  \(self.archive.shown)",
            "format   \(archive.formatVersion)",
            "size     \(HumanFormat.bytes(archive.fileBytes)), \(HumanFormat.count(archive.fileBytes)) bytes",
            "frames   \(frames)",
            "digest   \(summary.digest)",
            "",
        ]
        return lines
            + Table.kinds(totals).lines + [""]
            + Table.classes(totals.byClass).lines + [""]
            + Table.sources(totals).lines + [""]
            + Table.environments(summary.sources).lines
    }

    private func json(_ archive: Archive, _ summary: ArchiveSummary) -> JSONValue {
        [
            "schema": "cachectl.info/1",
            "archive": .string(self.archive.name),
            "format_version": .integer(archive.formatVersion),
            "digest": .string(summary.digest.description),
            "totals": .totals(summary.totals),
            "sources": .array(summary.sources.map { .source($0) }),
        ]
    }
}
