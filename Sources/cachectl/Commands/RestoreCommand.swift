import ArgumentParser
import CacheStore
import FoundationEssentials
import SystemPackage

/// `cachectl restore`: Go's two caches made from an archive.
struct RestoreCommand: AsyncParsableCommand, Sendable {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Restore an archive into Go's build cache and module cache.",
        discussion: """
            Files that are there and right are left alone; wrong or partial ones are \
            replaced. So a restore may be run again, and into caches that are in use.

            With --profile ci, Go marks the entries that it uses, for `cachectl pack --used`. \
            Entries in GOCACHE that any job used or made in the last day keep their marks. \
            Run it as the user who builds.

            With --for, only the modules that the go.sum files of a directory name are \
            restored: those that builds there use, wherever they lie, and those below it. The \
            build cache is left out, unless --gocache names it. If a module of the archive is not the one \
            that go.sum names, nothing is restored, and the exit status is 2.

            With --include and --exclude, only modules and compiled packages that match are \
            restored, as `cachectl select` would keep them. A pattern must match a whole name: \
            a module path, with or without @ and the version, or an import path; `*` also \
            matches `/`, and `std` means Go's own packages.

            With --delete, entries and modules that are not restored are removed from the caches \
            at the end; other files stay, and so do modules that --for needs. No build may run \
            meanwhile. A toolchain in GOMODCACHE is a module, too. A cache of which nothing is \
            restored is not emptied.

            With --dry-run, nothing is changed, and the output tells what would be written, and \
            which modules and packages would be removed. The archive's content is not checked.

            With --skip-damaged, members that are damaged in the archive are left out and \
            listed, and the exit status is 3. Action entries are left out with their outputs, \
            and module trees as a whole, so builds come out right, and only compile or \
            download more.

            Examples:
              cachectl restore all.castore
              cachectl restore all.castore --only aws,gcp --sync
              cachectl restore all.castore --gocache /cache/build --gomodcache /cache/mod
              cachectl restore all.castore --no-gocache --module-zips make
              cachectl restore all.castore --profile readonly
              cachectl restore all.castore --for . --for ./tools
              cachectl restore all.castore --include 'github.com/aws/*' --include std
              cachectl restore all.castore --profile ci --delete --dry-run
              cachectl restore all.castore --skip-damaged
            """
    )

    @Argument(help: ArgumentHelp("The archive to restore.", valueName: "archive"), completion: .file())
    var archive: ArchiveArgument

    @OptionGroup
    var directories: CacheDirectories

    @Option(
        help: ArgumentHelp("Restore only what these sources hold. (default: all)", valueName: "label,..."),
        transform: CommaList.values
    )
    var only: [[String]] = []

    @OptionGroup
    var patterns: NamePatterns

    @Option(
        name: .customLong("for"),
        help: ArgumentHelp(
            "Restore only the modules that builds in this directory need; may be repeated.",
            valueName: "dir"
        ),
        completion: .directory
    )
    var builds: [String] = []

    @Option(
        help: ArgumentHelp(
            "The users of the caches: `image` for users of a writable copy, who must trust each other, "
                + "because each can replace entries and modules; `ci` for you, with Go trimming the cache; "
                + "`readonly` for users who can't write to it. (default: image)",
            valueName: "image|ci|readonly"
        ),
        transform: CacheProfile.read
    )
    var profile = CacheProfile.image

    @Option(
        help: ArgumentHelp(
            "The module zips: `none`, because builds don't need them; `make`, to make them from the trees.",
            valueName: "none|make"
        ),
        transform: Self.readModuleZips
    )
    var moduleZips = Restore.Options.ModuleZips.none

    @Flag(name: .customLong("delete"), help: "Remove entries and modules that are not restored.")
    var deletes = false

    @Flag(name: .customLong("dry-run"), help: "Change nothing; tell what would be written and removed.")
    var isPreview = false

    @Flag(name: .customLong("skip-damaged"), help: "Leave out members that are damaged in the archive.")
    var skipsDamaged = false

    @Flag(
        name: .customLong("sync"),
        help: ArgumentHelp(
            "Wait until all data is on the disk. Without it, restore again after a power cut, before you "
                + "build: files may be empty or zeros, and Go does not notice."
        )
    )
    var synchronizes = false

    @Flag(name: .customLong("no-go"), help: "Don't run Go, and don't warn of entries that would miss here.")
    var asksNoGo = false

    @OptionGroup
    var common: CommonOptions

    func validate() throws {
        if builds.contains("") { throw ValidationError("`--for` is empty") }
        if !builds.isEmpty, directories.leavesOutModuleCache {
            throw ValidationError("`--for` and `--no-gomodcache` contradict each other")
        }
        if isPreview, synchronizes {
            throw ValidationError("`--dry-run` and `--sync` contradict each other")
        }
        if asksNoGo, directories.go != nil {
            throw ValidationError("`--go` and `--no-go` contradict each other")
        }
    }

    func run() async throws {
        let archive = try await archive.open()
        let directories = chosenDirectories
        let caches = try await directories.resolve(askingGo: !asksNoGo)
        try directories.check(caches)
        var options = restoreOptions
        // Without Go, as in a stage of a Dockerfile that only restores, there is no environment to compare.
        var absence: CacheStore.Warning?
        if !asksNoGo { (options.environment, absence) = try await directories.comparedEnvironment() }
        let flags = ProcessInfo.processInfo.environment["GOFLAGS"] ?? ""
        let environment = options.environment ?? GoEnvironment(variables: ["GOFLAGS": flags])
        options.leavesTreesWritable = environment.leavesTreesWritable
        options.modules = try await neededModules(caches, environment)
        let program = try await directories.cacheProgram(askingGo: !asksNoGo)
        var (report, time) = try await common.perform(
            consequence: isPreview ? "nothing was to be written" : "run it again to restore the rest"
        ) { [options, isPreview] progress in
            let restore = Restore(options: options)
            if isPreview { return try await restore.preview(archive, into: caches, progress: progress) }
            return try await restore.run(archive, into: caches, progress: progress)
        }

        if let path = caches.buildCache {
            if let absence { report.warnings.append(absence) }
            if let program, !CacheProgramSetting(program).usesBuildCache {
                report.warnings.append(CacheDirectories.restoreWarning(of: program, path))
            }
        }
        if directories.gomodcache != nil {
            report.warnings = report.warnings.map(\.namingModuleCacheOption)
        }
        common.show(report.warnings)
        try common.write(json(report, caches, time), summary(report, caches, options, time))
        if !report.leftOut.isEmpty { throw ExitCode.partial }
    }

    /// The directories, of which `--for` leaves GOCACHE out unless the command line names it.
    private var chosenDirectories: CacheDirectories {
        var chosen = directories
        if !builds.isEmpty, directories.gocache == nil { chosen.leavesOutBuildCache = true }
        return chosen
    }

    /// Returns the modules that builds in the directories of `--for` need; `nil` without the option.
    private func neededModules(
        _ caches: GoCaches,
        _ environment: GoEnvironment
    ) async throws -> NamedModules? {
        guard !builds.isEmpty else { return nil }
        let others = [caches.buildCache, caches.moduleCache, FilePath(environment["GOROOT"])]
        return try await NamedModules(
            neededIn: builds.map { try WorkingDirectory.asGoSees($0) },
            asking: asksNoGo ? nil : WorkingDirectory.command(directories.go),
            apartFrom: others.compactMap(\.self)
        )
    }

    @Sendable
    private static func readModuleZips(_ name: String) throws -> Restore.Options.ModuleZips {
        guard let choice = Restore.Options.ModuleZips(rawValue: name) else {
            throw ValidationError("it must be `none` or `make`")
        }
        return choice
    }

    private var restoreOptions: Restore.Options {
        var options = Restore.Options()
        options.only = only.isEmpty ? nil : only.flatMap(\.self)
        (options.included, options.excluded) = (patterns.include, patterns.exclude)
        options.profile = profile
        options.moduleZips = moduleZips
        options.skipsDamaged = skipsDamaged
        options.removesExcess = deletes
        options.synchronize = synchronizes
        options.warnsOfMisses = !asksNoGo
        options.jobs = common.jobs
        return options
    }

    private func summary(
        _ report: Restore.Report,
        _ caches: GoCaches,
        _ options: Restore.Options,
        _ time: Duration
    ) -> [String] {
        var table = Table(.left("files"), .right("created"), .right("replaced"), .right("untouched"))
        let all = report.outputs + report.actions + report.treeFiles + report.downloads
        for (name, tally) in [
            ("actions", report.actions), ("outputs", report.outputs), ("module trees", report.treeFiles),
            ("module downloads", report.downloads), ("all", all),
        ] {
            table.append(
                name,
                HumanFormat.count(tally.created),
                HumanFormat.count(tally.replaced),
                HumanFormat.count(tally.untouched)
            )
        }
        let name = archive.shown
        let places = [("GOCACHE   ", caches.buildCache), ("GOMODCACHE", caches.moduleCache)]
        let effect =
            isPreview
            ? "\(HumanFormat.bytes(report.bytesWritten)) to write" : Self.effect(of: report, all, in: time)
        var lines = [
            isPreview
                ? "would restore `\(name)`: \(effect); nothing was changed, and content was not checked"
                : "restored `\(name)` in \(HumanFormat.duration(time)): \(effect)"
        ]
        if let bytes = report.fetchedBytes, let requests = report.requests {
            let count = HumanFormat.count(requests, "request", "requests")
            lines.append("fetched \(HumanFormat.bytes(bytes)) in \(count)")
        }
        lines.append("")
        lines += places.compactMap { name, path in
            path.map { "\(name)  \(HumanFormat.printable($0.string))" }
        }
        lines += [""] + table.lines
        if report.removed > 0 {
            let strays = HumanFormat.count(
                report.removed,
                "file or directory that did not belong there, or was wrong",
                "files and directories that did not belong there, or were wrong"
            )
            lines += ["", "\(isPreview ? "would remove" : "removed") \(strays)"]
        }
        if deletes { lines += [""] + excess(report.excess) }
        lines += HumanFormat.leftOut(report.leftOut)
        if let needed = options.modules, let absent = report.absentModules {
            lines += ["", "needed  \(Self.words(needed: needed.modules.count, absent.modules.count))"]
        }
        lines += ["", "digest  \(report.digest)"]
        if report.digest != report.archiveDigest { lines.append("of the archive  \(report.archiveDigest)") }
        if report.nothingHits { lines += ["", RemedyText.nothingHits(archive.name)] }
        return lines
    }

    /// Returns what was removed because it is not restored, in words, and the names that go.
    private func excess(_ excess: Restore.Report.Excess) -> [String] {
        guard !excess.isEmpty else { return ["the caches hold nothing that is not restored"] }
        let parts = [
            HumanFormat.count(excess.actions, "action", "actions"),
            HumanFormat.count(excess.outputs, "output", "outputs"),
            HumanFormat.count(excess.trees, "module tree", "module trees"),
            HumanFormat.count(excess.downloads, "module download", "module downloads"),
            HumanFormat.bytes(excess.bytes),
        ]
        let verb = isPreview ? "would remove" : "removed"
        var lines = ["\(verb) what is not restored: \(parts.joined(separator: ", "))"]
        for (noun, names) in [("module", excess.modules), ("package", excess.packages)] {
            lines += names.prefix(Self.listedNames).map { "  \(noun)  \(HumanFormat.printable($0))" }
            let rest = names.count - Self.listedNames
            let more = HumanFormat.count(rest, "more \(noun)", "more \(noun)s")
            if rest > 0 { lines.append("  and \(more); --json lists all") }
        }
        return lines
    }

    /// The number of names of each kind that are listed for people.
    private static let listedNames = 20

    /// Returns the number of modules that builds need, and of those that are absent, in words.
    private static func words(needed: Int, _ absent: Int) -> String {
        let count = HumanFormat.count(needed, "module", "modules")
        guard needed > 0 else { return "no modules" }
        if absent == 0 { return "\(count), all in place" }
        return absent == needed ? "\(count), none in place" : "\(count), \(HumanFormat.count(absent)) absent"
    }

    /// Returns what a restore did to the files, in words.
    static func effect(
        of report: Restore.Report,
        _ files: Restore.Report.Tally,
        in time: Duration
    ) -> String {
        guard files.created + files.replaced == 0 else {
            let rate = HumanFormat.rate(report.bytesWritten, in: time)
            return "wrote \(HumanFormat.bytes(report.bytesWritten)), \(rate)"
        }
        if files.untouched == 0 { return "nothing was written" }
        if !report.leftOut.isEmpty { return "all that is sound was there already" }
        return report.removed > 0 ? "nothing was written" : "everything was there already"
    }

    private func json(_ report: Restore.Report, _ caches: GoCaches, _ time: Duration) -> JSONValue {
        [
            "schema": "cachectl.restore/1",
            "archive": .string(archive.name),
            "dry_run": .boolean(isPreview),
            "digest": .string(report.digest.description),
            "archive_digest": .string(report.archiveDigest.description),
            "gocache": .optional(caches.buildCache?.string),
            "gomodcache": .optional(caches.moduleCache?.string),
            "actions": .tally(report.actions),
            "outputs": .tally(report.outputs),
            "tree_files": .tally(report.treeFiles),
            "downloads": .tally(report.downloads),
            "bytes_written": .integer(report.bytesWritten),
            "fetched_bytes": .optional(report.fetchedBytes),
            "requests": .optional(report.requests),
            "removed": .integer(report.removed),
            "deleted": deletes ? .excess(report.excess) : .null,
            "left_out": .damagedMembers(report.leftOut),
            "for": .strings(builds),
            "absent_modules": report.absentModules.map { .strings($0.modules) } ?? .null,
            "absent_mod_files": report.absentModules.map { .strings($0.modulesOfModFiles) } ?? .null,
            "nothing_hits": .boolean(report.nothingHits),
            "warnings": .warnings(report.warnings),
            "milliseconds": .milliseconds(time),
        ]
    }
}
