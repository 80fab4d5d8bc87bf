import ArgumentParser
import CacheStore
import SystemPackage

/// `cachectl explain`: the places of an archive's bytes.
struct ExplainCommand: AsyncParsableCommand, Sendable {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Show where the bytes of an archive are.",
        discussion: """
            Shows the classes of entries, the largest modules and packages, modules in \
            several versions, the bytes of each source, and the bytes that `pack --drop` \
            would save. Bars and `stored` count bytes in the archive.

            Examples:
              cachectl explain all.castore
              cachectl explain all.castore --only aws --top 40
              cachectl explain all.castore --json | jq -r '.packages[:10][].import_path'
            """
    )

    @Argument(help: ArgumentHelp("The archive.", valueName: "archive"), completion: .file())
    var archive: ArchiveArgument

    @Option(
        help: ArgumentHelp("Look only at what these sources hold. (default: all)", valueName: "label,..."),
        transform: CommaList.values
    )
    var only: [[String]] = []

    @Option(help: ArgumentHelp("The number of lines in each list.", valueName: "n"))
    var top = 15

    @OptionGroup
    var common: CommonOptions

    func validate() throws {
        if top < 1 { throw ValidationError("`--top` must be at least 1") }
    }

    func run() async throws {
        let archive = try await archive.open()
        var options = Explain.Options()
        options.only = only.isEmpty ? nil : only.flatMap(\.self)
        options.jobs = common.jobs
        let (explanation, time) = try await common.perform(
            consequence: "nothing was changed"
        ) { [options] progress in
            try await Explain(options: options).run(archive, progress: progress)
        }
        if common.json {
            try StandardOutput.write(json(explanation, time))
        } else {
            try StandardOutput.write(text(explanation))
        }
    }

    private func text(_ explanation: Explain.Report) -> [String] {
        let view = ExplanationView(explanation: explanation, top: top)
        let size = HumanFormat.bytes(explanation.totals.fileBytes)
        var lines = ["`\(archive.shown)`, \(size)"]
        for (title, table) in view.sections where !table.isEmpty {
            lines += ["", title, ""] + table.lines
        }
        if explanation.unknownPackages > 0 {
            let count = HumanFormat.count(explanation.unknownPackages, "package", "packages")
            lines += ["", "\(count) could not be named"]
        }
        return lines
    }

    private func json(_ explanation: Explain.Report, _ time: Duration) -> JSONValue {
        [
            "schema": "cachectl.explain/1",
            "archive": .string(archive.name),
            "totals": .totals(explanation.totals),
            "packages": .array(explanation.packages.map { .package($0) }),
            "modules": .array(explanation.modules.map { .module($0) }),
            "unknown_packages": .integer(explanation.unknownPackages),
            "milliseconds": .milliseconds(time),
        ]
    }
}
