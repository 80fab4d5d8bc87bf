import ArgumentParser
import CacheStore
import SystemPackage

/// `cachectl select`: an archive of some members of several archives.
struct SelectCommand: AsyncParsableCommand, Sendable {
    static let configuration = CommandConfiguration(
        commandName: "select",
        abstract: "Write the members of archives that filters keep.",
        discussion: """
            The inputs are united as by `cachectl union`. Each filter then only removes \
            members, and a member stays if all filters keep it. Without a filter, the result \
            is the union. The order of inputs and filters does not matter. Nothing is \
            decompressed but the names of compiled packages, where filters ask for them.

            With --level, everything is decompressed, checked and compressed again. Level 18 \
            saves about a fifth of the size of level 3, and a restore takes no longer: worth \
            it for an archive that is made once and fetched often. The digest stays the same. \
            At high levels, each thread takes some 100 MiB; --jobs limits the threads.

            A pattern must match a whole name, and `*` stands for any text, `/` included. Quote \
            it, so that the shell leaves it alone. A module goes by its path, with or without \
            `@` and the version. A compiled package goes by its import path, or by its module; \
            Go's own packages also go by `std`. A program goes by the directory of its sources, \
            or by `main`, not by its import path. `cachectl explain` lists these names. \
            Members that belong to neither stay: `.mod` \
            and `.info` files, the checksum database, facts of `go vet`, results of tests, \
            linked programs, objects of cgo, indexes of GOROOT, and the few packages that do not \
            state a name. --drop takes out some of these.

            With --used, entries stay that the log of `cachectl prog --log FILE` names. A \
            module stays if its index or a package of it was used, or if nothing tells. \
            `cachectl pack --used-log` also asks the go.sum files of the job.

            With --unused-in, what that archive lacks goes, and what both have stays. For the \
            reverse, what that archive does not have yet, see `cachectl difference`.

            With --max-size, whole packages and modules go until the file is small enough: \
            first what the fewest sources hold; of that, what is not Go's own; then what frees \
            the most bytes; then by name. The last one is the smallest that is enough. A \
            package is all entries of one import path, a module is one version. Use --max-size \
            on the result of --level, not with it.

            The result tells which entries and modules each source loses. Its builds miss \
            those entries, and download those modules; without a proxy, they fail. With \
            --dry-run, nothing is written, --output is not needed, and the modules and \
            packages that would go are shown.

            What needs a member that goes, goes too: an output without an entry, a zip that \
            is made of a tree, and what Go derives from a compiled package. Sources that hold \
            nothing go, unless a filter names them.

            Examples:
              cachectl select all.castore -o aws.castore --only aws
              cachectl select a.castore b.castore -o c.castore --unused-in b.castore
              cachectl select all.castore -o common.castore --shared-by aws,gcp,azure
              cachectl select all.castore -o few.castore --exclude 'github.com/aws/*'
              cachectl select all.castore -o few.castore --used prog.log --drop vet
              cachectl select all.castore --max-size 500MB --dry-run
              cachectl select base.castore delta.castore -o whole.castore
              cachectl select aws.castore gcp.castore -o small.castore --level 18

            Classes of GOCACHE's entries: \(EntryClass.all.map(\.rawValue).joined(separator: ", ")).
            """
    )

    @Argument(help: ArgumentHelp("The archives to select from.", valueName: "archive"), completion: .file())
    var inputs: [ArchiveArgument]

    @OptionGroup
    var output: PreviewableOutput

    @Option(
        help: ArgumentHelp("Keep what any of these sources holds.", valueName: "label,..."),
        transform: CommaList.values
    )
    var only: [[String]] = []

    @Option(
        help: ArgumentHelp("Keep what all of these sources hold.", valueName: "label,..."),
        transform: CommaList.values
    )
    var sharedBy: [[String]] = []

    @OptionGroup
    var patterns: NamePatterns

    @Option(
        help: ArgumentHelp("Keep only entries of these classes.", valueName: "class,..."),
        transform: CommaList.values
    )
    var keep: [[String]] = []

    @Option(
        help: ArgumentHelp("Drop entries of these classes.", valueName: "class,..."),
        transform: CommaList.values
    )
    var drop: [[String]] = []

    @Option(
        name: .customLong("used"),
        help: ArgumentHelp(
            "Keep only what jobs have used, as `cachectl prog --log FILE` logs it; may be repeated.",
            valueName: "file"
        ),
        completion: .file()
    )
    var useLogs: [String] = []

    @Option(
        name: .customLong("unused-in"),
        help: ArgumentHelp(
            "Keep only what this archive has, too; may be repeated.",
            valueName: "archive"
        ),
        completion: .file()
    )
    var others: [ArchiveArgument] = []

    @Option(
        help: ArgumentHelp(
            "Drop packages and modules until the archive has at most this size, as in `500MB`.",
            valueName: "size"
        ),
        transform: ByteSize.read
    )
    var maxSize: Int?

    @Option(
        help: ArgumentHelp("Compress again with this zstd level, 1 (fast) to 19 (small).", valueName: "n")
    )
    var level: Int?

    @OptionGroup
    var common: CommonOptions

    func validate() throws {
        if useLogs.contains("") { throw ValidationError("`--used` is empty") }
        let options = try selectOptions()
        try OptionCheck.run { () throws(CacheStoreError) in try options.check() }
    }

    func run() async throws {
        let options = try selectOptions()
        if output.isPreview { return try await preview(options) }
        let (report, time) = try await common.perform(
            consequence: "no archive was written",
            needsAll: true
        ) { [inputs, others, path = try output.named()] progress in
            var options = options
            options.heldIn = try await ArchiveArgument.open(others)
            let inputs = try await ArchiveArgument.open(inputs)
            return try await Select(options: options).run(inputs, to: path, progress: progress)
        }
        show(report)
        try common.write(json(report, time), summary(report, time))
    }

    private func selectOptions() throws -> Select.Options {
        var options = Select.Options()
        options.only = labels
        options.sharedBy = sharedBy.isEmpty ? nil : sharedBy.flatMap(\.self)
        (options.included, options.excluded) = (patterns.include, patterns.exclude)
        options.kept = keep.isEmpty ? nil : try ClassList.read(keep, of: "--keep")
        options.dropped = try ClassList.read(drop, of: "--drop")
        options.usedLogs = useLogs.map { FilePath($0) }
        options.heldIn = others.map(\.path)
        options.maximumBytes = maxSize
        options.overwrite = output.force
        options.level = level
        options.jobs = common.jobs
        return options
    }

    /// The labels of the sources to select; `nil` for all.
    private var labels: [String]? { only.isEmpty ? nil : only.flatMap(\.self) }

    private func preview(_ options: Select.Options) async throws {
        let (preview, time) = try await common.perform(
            consequence: "no archive was to be written"
        ) { [inputs, others, path = output.path] progress in
            var options = options
            options.heldIn = try await ArchiveArgument.open(others)
            let inputs = try await ArchiveArgument.open(inputs)
            return try await Select(options: options).preview(inputs, to: path, progress: progress)
        }
        show(preview.report)
        let view = SelectionView(preview.report, only: labels)
        try common.write(
            json(preview.report, time, preview),
            ["would select \(view.headline(for: output.output)); nothing was written"]
                + view.note(onLevel: level) + view.removal + [""] + view.lists(of: preview) + view.result
        )
    }

    private func show(_ report: Select.Report) {
        common.show(report.warnings)
        // The action entries among the disagreements are told with their packages.
        let others = report.disagreements.filter { $0.kind != .action }
        let messages = Message.disputes(ofSelection: report.disputes) + Message.disagreements(others)
        for message in messages { StandardError.write(message) }
    }

    private func summary(_ report: Select.Report, _ time: Duration) -> [String] {
        let view = SelectionView(report, only: labels)
        return ["selected \(view.headline(for: output.output)) in \(HumanFormat.duration(time))"]
            + view.removal + [""] + view.result
    }

    private func json(
        _ report: Select.Report,
        _ time: Duration,
        _ preview: Select.Preview? = nil
    ) -> JSONValue {
        [
            "schema": "cachectl.select/1",
            "archive": .optional(output.output),
            "dry_run": .boolean(preview != nil),
            "level": .optional(level),
            "digest": .string(report.digest.description),
            "inputs": .strings(inputs.map(\.name)),
            "input_bytes": .integer(report.inputBytes),
            "totals": .totals(report.totals),
            "removed": .removal(report.removed, preview),
            "cuts": .array(report.cuts.map { .cut($0) }),
            "conflicts": .disagreements(report.disagreements.filter { $0.kind != .action }),
            "disputes": .disputes(report.disputes),
            "warnings": .warnings(report.warnings),
            "milliseconds": .milliseconds(time),
        ]
    }
}
