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
    var archive: String

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
        let archive = try Archive(opening: FilePath(archive))
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
        var lines = ["`\(HumanFormat.printable(archive))`, \(size)"]
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
            "archive": .string(archive),
            "totals": .totals(explanation.totals),
            "packages": .array(
                explanation.packages.map {
                    [
                        "import_path": .string($0.importPath),
                        "module": .string($0.module),
                        "variants": .integer($0.variants),
                        "raw_bytes": .integer($0.contentBytes),
                        "stored_bytes": .integer($0.storedBytes),
                        "sources": .strings($0.sources),
                    ]
                }
            ),
            "modules": .array(explanation.modules.map(Self.module)),
            "unknown_packages": .integer(explanation.unknownPackages),
            "milliseconds": .milliseconds(time),
        ]
    }

    private static func module(_ module: Explain.Report.Module) -> JSONValue {
        let versions = module.versions.map { version -> JSONValue in
            [
                "version": .string(version.version),
                "raw_bytes": .integer(version.contentBytes),
                "stored_bytes": .integer(version.storedBytes),
                "sources": .strings(version.sources),
            ]
        }
        return [
            "path": .string(module.path),
            "packages": .integer(module.packages),
            "compiled_raw_bytes": .integer(module.compiledContentBytes),
            "compiled_stored_bytes": .integer(module.compiledStoredBytes),
            "stored_bytes": .integer(module.storedBytes),
            "versions": .array(versions),
        ]
    }
}
