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

            Only the index is checked, and not the content: `cachectl verify` checks it.

            Examples:
              cachectl info all.castore
              cachectl info all.castore --json | jq -r .digest
            """
    )

    @Argument(help: ArgumentHelp("The archive.", valueName: "archive"), completion: .file())
    var archive: String

    @OptionGroup
    var common: CommonOptions

    func run() async throws {
        let archive = try Archive(opening: FilePath(archive))
        let summary = try await archive.summary()
        if common.json {
            try StandardOutput.write(json(archive, summary))
        } else {
            try StandardOutput.write(text(archive, summary))
        }
    }

    private func text(_ archive: Archive, _ summary: ArchiveSummary) -> [String] {
        let totals = summary.totals
        let frames = "\(HumanFormat.count(totals.chunks)) of \(HumanFormat.bytes(totals.frameBytes))"
        let lines = [
            "archive  \(HumanFormat.printable(self.archive))",
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
            "archive": .string(self.archive),
            "format_version": .integer(archive.formatVersion),
            "digest": .string(summary.digest.description),
            "totals": .totals(summary.totals),
            "sources": .array(summary.sources.map { .source($0) }),
        ]
    }
}
