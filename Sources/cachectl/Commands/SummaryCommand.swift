import ArgumentParser
import CacheStore
import SystemPackage

/// `cachectl summary`: a page about a job's caches for people who look at the job.
struct SummaryCommand: AsyncParsableCommand, Sendable {
    static let configuration = CommandConfiguration(
        commandName: "summary",
        abstract: "Sum up a job's caches in Markdown, for the page of the job.",
        discussion: """
            Writes the size of the archive that the job packed, and what takes the bytes. With \
            --base, what changed since an earlier archive, by module and package, the largest \
            change first. With --log, the packages that the job compiled (misses) and those \
            that came from the cache (hits). With --prog-log, the hits and misses that \
            `cachectl prog` counted while it served GOCACHE. With --restored, what the restore \
            brought, how long it took, and its warnings.

            The log is the output of go commands that run with -x, which shows each run of the \
            compiler, as `go build -x ./... 2>&1 | tee build.log` writes it, also with -json. \
            It may hold several commands and other lines. No other log proves what was \
            compiled: with -v, `go build` names what it compiles, but `go vet` names all \
            packages, and `go test` none. For such a log, the page says that it does not tell.

            Where there is no archive --base, as in a first run, or where it can't be read, a \
            warning and the page say so, and nothing is compared. So it is with a --log or a \
            --prog-log. No line of a --log tells that it is whole: the misses are proved, the \
            hits are so only if it is.

            The exit status is 1 if the archive is longer than --budget; the page is written \
            all the same.

            Examples:
              cachectl summary new.castore >> "$GITHUB_STEP_SUMMARY"
              cachectl summary new.castore --base old.castore --budget 500MB
              cachectl summary new.castore --log build.log --restored restore.json
              cachectl summary new.castore --prog-log prog.log
              cachectl summary new.castore --base old.castore --json | jq .growth_bytes
            """
    )

    @Argument(
        help: ArgumentHelp("The archive that the job packed.", valueName: "archive"),
        completion: .file()
    )
    var archive: ArchiveArgument

    @Option(
        help: ArgumentHelp(
            "The archive to compare with, for example the one that the job restored.",
            valueName: "archive"
        ),
        completion: .file()
    )
    var base: ArchiveArgument?

    @Option(
        help: ArgumentHelp(
            "The file with the output of the job's go commands, run with -x; may be repeated.",
            valueName: "file"
        ),
        completion: .file()
    )
    var log: [String] = []

    @Option(
        help: ArgumentHelp(
            "The file that `cachectl prog --log` wrote for the job's go commands; may be repeated.",
            valueName: "file"
        ),
        completion: .file()
    )
    var progLog: [String] = []

    @Option(
        help: ArgumentHelp(
            "The file with the output of `cachectl restore --json`; an empty one stands for a cold build.",
            valueName: "file"
        ),
        completion: .file()
    )
    var restored: String?

    // A value such as `-1` is no option either, and `ByteSize` says better what is wrong with it.
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The greatest length of the archive, for example `500MB`, `1.5GB` or `1GiB`.",
            valueName: "size"
        ),
        transform: ByteSize.read
    )
    var budget: Int?

    @Option(help: ArgumentHelp("The number of lines in each list, 1 to 200.", valueName: "n"))
    var top = 25

    @OptionGroup
    var common: CommonOptions

    func validate() throws {
        guard (1...SummaryPage.rowLimit).contains(top) else {
            throw ValidationError("`--top` is \(top), and must be 1 to \(SummaryPage.rowLimit)")
        }
    }

    func run() async throws {
        let archive = try await archive.open()
        // The small files are read first, so that a wrong one is reported at once.
        let state = try restored.map {
            try RestoreRecord.read($0).map(JobFigures.Restored.record) ?? .nothing
        }
        var (output, programLog) = (BuildLog(), ProgramLog())
        let logErrors = Self.read(log) { (path) throws(CacheStoreError) in try output.read(path) }
        let programErrors = Self.read(progLog) { (path) throws(CacheStoreError) in try programLog.read(path) }

        let (result, time) = try await common.perform(consequence: "nothing was changed") { progress in
            try await measure(archive, progress)
        }
        var job = result
        (job.log, job.logErrors) = (logErrors.count == log.count ? nil : output, logErrors)
        job.programLog = programErrors.count == progLog.count ? nil : programLog
        job.programLogErrors = programErrors
        (job.restored, job.budget) = (state ?? .unknown, budget)
        warn(job)
        if common.json {
            try StandardOutput.write(SummaryDocument(figures: job, time: time).json)
        } else {
            try writePage(SummaryPage(figures: job, top: top))
        }
        if let excess = job.excess, let budget { throw overBudget(job, excess, budget) }
    }

    /// Reads logs, of which some may be absent after a job that failed early.
    ///
    /// - Parameters:
    ///   - paths: The logs.
    ///   - read: Called to read each.
    /// - Returns: The errors of the logs that could not be read.
    private static func read(
        _ paths: [String],
        _ read: (FilePath) throws(CacheStoreError) -> Void
    ) -> [CacheStoreError] {
        paths.compactMap { path in
            do throws(CacheStoreError) {
                try read(FilePath(path))
                return nil
            } catch {
                return error
            }
        }
    }

    private func measure(
        _ archive: Archive,
        _ progress: ProgressHandler?
    ) async throws -> JobFigures {
        var options = Explain.Options()
        options.jobs = common.jobs
        var packed = JobFigures.Packed(path: self.archive.name, summary: try await archive.summary())
        // All compiled packages are decoded for their names only where their names are needed.
        let (base, missing) = try await compare(archive, progress)
        if base == nil || !log.isEmpty {
            packed.explanation = try await Explain(options: options).run(archive, progress: progress)
        }
        return JobFigures(packed: packed, base: base, missingBase: missing)
    }

    /// Compares the archive with the base.
    ///
    /// - Returns: The differences; or the reason why there are none, although a base is named.
    /// - Throws: An error that is not the base's.
    private func compare(
        _ archive: Archive,
        _ progress: ProgressHandler?
    ) async throws -> (JobFigures.Base?, JobFigures.MissingBase?) {
        guard let argument = base else { return (nil, nil) }
        let path = argument.name
        var options = Diff.Options()
        options.jobs = common.jobs
        do {
            let base = try await argument.open()
            let summary = try await base.summary()
            let comparison = try await Diff(options: options).run(base, archive, progress: progress)
            return (JobFigures.Base(path: path, summary: summary, comparison: comparison), nil)
        } catch let error as CacheStoreError
            where argument != self.archive && Self.isError(error, of: argument)
        {
            return (nil, JobFigures.MissingBase(path: path, error: error))
        }
    }

    /// Returns whether an error is about an archive, and not about this machine.
    private static func isError(_ error: CacheStoreError, of archive: ArchiveArgument) -> Bool {
        if let path = error.path { return path == archive.path }
        return archive.isRemote && error.remedy != .allowThreads
    }

    /// Writes warnings about the inputs from which the page could not be made whole.
    private func warn(_ figures: JobFigures) {
        if let missing = figures.missingBase {
            let advice = missing.isAbsent ? "" : "; \(RemedyText.base)"
            let sentence = "\(missing.sentence), so the summary shows no changes\(advice)"
            StandardError.write(Message(.warning, sentence))
        }
        for error in figures.logErrors {
            StandardError.write(Message(.warning, "\(error.summary), so the summary shows no hits"))
        }
        for error in figures.programLogErrors {
            let sentence = "\(error.summary), so the summary does not show what `cachectl prog` served"
            StandardError.write(Message(.warning, sentence))
        }
        if let log = figures.programLog, log.foreignLines > 0 || log.commands == 0 {
            let lines = HumanFormat.count(log.foreignLines, "line", "lines")
            let sentence =
                log.commands == 0
                ? "no line of the log of `cachectl prog` tells of a go command"
                : "\(lines) of the log of `cachectl prog` can't be read, and what they tell is not counted"
            StandardError.write(Message(.warning, sentence))
        }
        if let reason = figures.log?.reason {
            let what = figures.compiled == nil ? "hits and misses" : "hits"
            let sentence = "\(reason), so the summary shows no \(what); \(RemedyText.log)"
            StandardError.write(Message(.warning, sentence))
        }
    }

    /// Writes the page as it is, because a line of Markdown must not be broken.
    private func writePage(_ page: SummaryPage) throws {
        var output = StandardOutput()
        for line in page.lines { try output.writeLine(line) }
        try output.flush()
    }

    private func overBudget(_ figures: JobFigures, _ excess: Int, _ budget: Int) -> AdvisedError {
        var sentence =
            "`\(archive.name)` is \(HumanFormat.bytes(figures.fileBytes)), "
            + "\(HumanFormat.bytes(excess)) over the "
            + "budget of \(HumanFormat.bytes(budget))"
        func name(_ module: String, _ packages: [String]) -> String {
            module.isEmpty ? JobFigures.unowned(packages) { "`\($0)`" } : "`\(module)`"
        }
        if let module = figures.largestGrowth {
            let name = name(module.path, figures.changedUnowned)
            sentence += "; \(name) grew most, by \(HumanFormat.bytes(module.storedGrowth))"
        } else if let report = figures.packed.explanation, figures.base == nil,
            let module = report.modules.first
        {
            let unowned = report.packages.filter { $0.module.isEmpty }.map(\.importPath)
            let name = name(module.path, unowned)
            sentence += "; \(name) takes most, \(HumanFormat.bytes(module.storedBytes))"
        }
        return AdvisedError(.overBudget, sentence, advice: RemedyText.shrink)
    }
}
