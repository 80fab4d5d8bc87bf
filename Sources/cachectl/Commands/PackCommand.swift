import ArgumentParser
import CacheStore
import SystemPackage

/// `cachectl pack`: an archive made of Go's two caches.
struct PackCommand: AsyncParsableCommand, Sendable {
    static let configuration = CommandConfiguration(
        commandName: "pack",
        abstract: "Pack Go's build cache and module cache into an archive.",
        discussion: """
            The label names the job that filled the caches. The job's Go environment is \
            recorded with the label, so that a later union or restore can tell when \
            entries can't hit.

            Files that are damaged, partial or no part of a cache are left out and reported.

            With --base, members of that archive are neither read nor written, so the time \
            goes into what is new: the result is meant for a union with that archive. An \
            output of the base's name and length counts as the base's, and so does a module \
            with the base's hash and as many files. Nothing unread enters the result; \
            --recheck has everything read, to find damage. Only the base's index is checked, \
            not its content: `cachectl verify` does that.

            With --dry-run, everything is done but compressing and writing: it tells what the \
            archive would hold, what is left out and why, and the digest. The size of the \
            archive is not known without compressing, and --output is not needed.

            With --used, only what the job has used since `cachectl restore --profile ci` is \
            packed: the entries that Go has marked or made, and the modules that the go.sum \
            files name that builds in the checkout use, and those below it. Where no such \
            restore came before, all entries are packed. So an archive that each job \
            restores and packs again does not grow. Where jobs share GOCACHE, what any of \
            them used in the day before the last restore, or since, counts. Restore, build \
            and pack as one user: Go can't mark another user's entries, so all of those are \
            packed, with a warning.

            With --used-log, only what the job has used is packed, too, but a log tells what that \
            is: the one that `cachectl prog --log` writes while it serves GOCACHE to the job's go \
            commands. No restore is needed, and no time of a file matters. Of modules, those are \
            packed that --used would pack.

            With --include and --exclude, modules and packages are packed by their names, as \
            `cachectl select` would take them out of the whole archive. A pattern must match a \
            whole name: a module path, with or without @ and the version, or an import path; `*` \
            also matches `/`, and `std` means Go's own packages. Of what is left out, no more is \
            read than names, except for zips without trees; --recheck has it read.

            With --from-tar, the caches are read from a tar, as actions/cache and artifacts keep \
            them: plain, or compressed with gzip or zstd. Nothing is unpacked, and the archive is \
            that of the directories. --gocache and --gomodcache then name paths in the tar; they \
            are needed only if several directories there look like a cache. Go is asked as always, \
            so run it in the job's image, or pass --no-go.

            Examples:
              cachectl pack --label aws -o aws.castore
              cachectl pack --label aws -o aws.castore --gocache /build --gomodcache /mod
              cachectl pack --label mods -o mods.castore --no-gocache --level 12
              cachectl pack --label aws -o aws.castore --strict --json | jq -r .digest
              cachectl pack --label aws -o aws.castore --drop executable --keep test
              cachectl pack --label main -o main.castore --used --checkout .
              cachectl pack --label main -o main.castore --used-log prog.log --checkout .
              cachectl pack --label aws -o aws.castore --used-since $JOB_START
              cachectl pack --label pr-7 -o delta.castore --base main.castore
              cachectl pack --label aws -o sdk.castore --include 'github.com/aws/*'
              cachectl pack --label aws --dry-run
              cachectl pack --label old -o old.castore --from-tar cache.tzst

            Classes of GOCACHE's entries: \(EntryClass.all.map(\.rawValue).joined(separator: ", ")). \
            Dropped unless kept: \
            \(EntryClass.ordered(EntryClass.droppedByDefault).map(\.rawValue).joined(separator: ", ")).
            """
    )

    @Option(help: "The name of the source: letters, digits, `.`, `_`, `-`; at most 64.")
    var label: String

    @OptionGroup
    var output: PreviewableOutput

    @OptionGroup
    var directories: CacheDirectories

    @Option(
        help: ArgumentHelp(
            "Pack the caches in this tar, plain or compressed with gzip or zstd; `-` is standard input.",
            valueName: "tar"
        ),
        completion: .file()
    )
    var fromTar: String?

    @Flag(name: .customLong("no-go"), help: "Don't run Go, and so record no Go environment.")
    var recordsNoEnvironment = false

    @Option(help: ArgumentHelp("The zstd level, 1 (fast) to 19 (small).", valueName: "n"))
    var level = 3

    @Option(
        help: ArgumentHelp("Keep entries of these classes, or of `all`.", valueName: "class,..."),
        transform: CommaList.values
    )
    var keep: [[String]] = []

    @Option(
        help: ArgumentHelp("Drop entries of these classes too.", valueName: "class,..."),
        transform: CommaList.values
    )
    var drop: [[String]] = []

    @OptionGroup
    var patterns: NamePatterns

    @Option(
        help: ArgumentHelp(
            "Pack only entries of GOCACHE that were used since this time: seconds since 1970, or a time "
                + "such as `2026-11-22T10:00:00Z`.",
            valueName: "time"
        ),
        transform: PointInTime.seconds
    )
    var usedSince: Int?

    @Flag(
        name: .customLong("used"),
        help: "Pack only what this job has used since `cachectl restore --profile ci`."
    )
    var packsUsed = false

    @Option(
        name: .customLong("used-log"),
        help: ArgumentHelp(
            "Pack only what this job used, as `cachectl prog --log FILE` logs it; may be repeated.",
            valueName: "file"
        ),
        completion: .file()
    )
    var useLogs: [String] = []

    @Option(
        help: ArgumentHelp(
            "With --used or --used-log: the directory in which the job builds; go.sum files name its "
                + "modules. (default: the current one)",
            valueName: "dir"
        ),
        completion: .directory
    )
    var checkout: String?

    @Option(
        name: .customLong("base"),
        help: ArgumentHelp("Write only what this archive lacks; may be repeated.", valueName: "archive"),
        completion: .file()
    )
    var bases: [ArchiveArgument] = []

    @Flag(
        help: ArgumentHelp(
            "With --base, --include or --exclude: read and check also what the base has under the same name, "
                + "and what patterns leave out."
        )
    )
    var recheck = false

    @Flag(
        help: ArgumentHelp(
            "Fail if an entry of a cache has to be left out. Content that the base has, or that patterns "
                + "leave out, is not read, so damage there is found only with --recheck."
        )
    )
    var strict = false

    @OptionGroup
    var common: CommonOptions

    func validate() throws {
        let choices = [
            ("--used", packsUsed), ("--used-log", !useLogs.isEmpty), ("--used-since", usedSince != nil),
        ].filter(\.1)
        if choices.count > 1 {
            throw ValidationError("`\(choices[0].0)` and `\(choices[1].0)` contradict each other")
        }
        if useLogs.contains("") { throw ValidationError("`--used-log` is empty") }
        let options = try packOptions(GoEnvironment())
        try OptionCheck.run { () throws(CacheStoreError) in try options.check() }
        if checkout != nil, !packsUsed, useLogs.isEmpty {
            throw ValidationError("`--checkout` needs `--used` or `--used-log`")
        }
        if recheck, bases.isEmpty, patterns.isEmpty {
            throw ValidationError("`--recheck` needs `--base`, `--include` or `--exclude`")
        }
        if fromTar == "" { throw ValidationError("`--from-tar` is empty") }
        if fromTar != nil, packsUsed || !useLogs.isEmpty {
            throw ValidationError("`--from-tar` and `\(choices[0].0)` contradict each other")
        }
        if checkout == "" { throw ValidationError("`--checkout` is empty") }
        if recordsNoEnvironment, directories.go != nil {
            throw ValidationError("`--go` and `--no-go` contradict each other")
        }
    }

    func run() async throws {
        let recorded = try await recordedEnvironment()
        if let tar = directories.tar(fromTar) {
            let options = try packOptions(recorded)
            let (report, time) = try await common.perform(
                consequence: "no archive was written"
            ) { [output, bases] progress in
                var options = options
                options.bases = try await ArchiveArgument.open(bases)
                return output.isPreview
                    ? try await Pack(options: options).preview(tar, to: output.path, progress: progress)
                    : try await Pack(options: options).run(tar, to: output.named(), progress: progress)
            }
            return try show(report, time)
        }
        let named = try await directories.resolve(askingGo: !recordsNoEnvironment)
        let program =
            named.buildCache == nil
            ? nil : try await directories.cacheProgram(askingGo: !recordsNoEnvironment)
        let options = try packOptions(recorded)
        let sources = options.usedSinceRestore ?? options.loggedUse?.checkout
        let mayNeedModules = sources.flatMap { try? CheckoutModules(of: $0).mayNeedOthers }
        let (caches, absences) = try directories.existing(
            named,
            program: program,
            mayNeedModules: mayNeedModules ?? true
        )
        var (report, time) = try await common.perform(
            consequence: "no archive was written"
        ) { [output, bases] progress in
            var options = options
            options.bases = try await ArchiveArgument.open(bases)
            return output.isPreview
                ? try await Pack(options: options).preview(caches, to: output.path, progress: progress)
                : try await Pack(options: options).run(caches, to: output.named(), progress: progress)
        }

        report.warnings = absences + report.warnings
        // The program that has logged what Go uses keeps that in GOCACHE.
        if let path = named.buildCache, let program, useLogs.isEmpty, !Self.isKeptInBuildCache(by: program) {
            report.warnings.append(CacheDirectories.packWarning(of: program, path))
        }
        try show(report, time)
    }

    private func show(_ report: Pack.Report, _ time: Duration) throws {
        common.show(report.warnings)
        for message in Message.leftOut(report.leftOut) { StandardError.write(message) }
        let result = PackReport(
            report: report,
            time: time,
            label: label,
            archive: output.output,
            tar: fromTar,
            bases: bases.map(\.name),
            isPreview: output.isPreview,
            warnsOfUse: packsUsed && report.restoreTime == nil && !directories.leavesOutBuildCache
        )
        try common.write(result.json, result.lines)
    }

    private func recordedEnvironment() async throws -> GoEnvironment {
        guard !recordsNoEnvironment else { return GoEnvironment() }
        let advice = "install Go, name it with `--go PATH`, or pass `--no-go` to record no Go environment"
        return try await directories.asking(
            advice: advice,
            adviceWhereGoFails: "\(Remedy.heedGo); or pass `--no-go` to record no Go environment"
        ) { [go = directories.goCommand] in
            try await go.environment()
        }
    }

    /// Returns the classes of entries that the pack drops.
    private func droppedClasses() throws -> Set<EntryClass> {
        let (kept, dropped) = (
            try ClassList.read(keep, of: "--keep"), try ClassList.read(drop, of: "--drop")
        )
        if let both = EntryClass.ordered(kept.intersection(dropped)).first, !keep.joined().contains("all") {
            throw ValidationError("`\(both.rawValue)` can't be both kept and dropped")
        }
        return EntryClass.droppedByDefault.subtracting(kept).union(dropped)
    }

    private func packOptions(_ recorded: GoEnvironment) throws -> Pack.Options {
        var options = Pack.Options(label: label, environment: recorded)
        options.dropped = try droppedClasses()
        (options.included, options.excluded) = (patterns.include, patterns.exclude)
        options.usedSince = usedSince
        if packsUsed || !useLogs.isEmpty {
            let sources = try WorkingDirectory.asGoSees(checkout ?? ".")
            if packsUsed { options.usedSinceRestore = sources }
            if !useLogs.isEmpty {
                options.loggedUse = .init(logs: useLogs.map { FilePath($0) }, checkout: sources)
            }
            options.go = recordsNoEnvironment ? nil : WorkingDirectory.command(directories.go)
        }
        options.bases = bases.map(\.path)
        options.rechecks = recheck
        options.isStrict = strict
        options.overwrite = output.force
        options.level = level
        options.jobs = common.jobs
        return options
    }

    /// Returns whether GOCACHE has what builds with a program of GOCACHEPROG have made.
    private static func isKeptInBuildCache(by program: String) -> Bool {
        let setting = CacheProgramSetting(program)
        return setting.usesBuildCache && !setting.has("--read-only")
    }
}
