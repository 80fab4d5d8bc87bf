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
            that came from the cache (hits). With --restored, what the restore brought, how \
            long it took, and its warnings.

            The log is the output of `go build` with -v or -x, or of `go vet` or `go test` \
            with -x, which name the packages that are compiled, as \
            `go build -v ./... 2>&1 | tee build.log` writes it. With -v, `go vet` names all \
            packages, and `go test` none. The log may hold several commands and other lines.

            The exit status is 1 if the archive is longer than --budget; the page is written \
            all the same.

            Examples:
              cachectl summary new.castore >> "$GITHUB_STEP_SUMMARY"
              cachectl summary new.castore --base old.castore --budget 500MB
              cachectl summary new.castore --log build.log --restored restore.json
              cachectl summary new.castore --base old.castore --json | jq .growth_bytes
            """
    )

    @Argument(
        help: ArgumentHelp("The archive that the job packed.", valueName: "archive"),
        completion: .file()
    )
    var archive: String

    @Option(
        help: ArgumentHelp(
            "The archive to compare with, for example the one that the job restored.",
            valueName: "archive"
        ),
        completion: .file()
    )
    var base: String?

    @Option(
        help: ArgumentHelp(
            "The file with the output of the job's go commands, run with -v or -x; may be repeated.",
            valueName: "file"
        ),
        completion: .file()
    )
    var log: [String] = []

    @Option(
        help: ArgumentHelp(
            "The file with the output of `cachectl restore --json`; an empty one stands for a cold build.",
            valueName: "file"
        ),
        completion: .file()
    )
    var restored: String?

    @Option(
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
        let archive = try Archive(opening: FilePath(archive))
        let base = try base.map { try Archive(opening: FilePath($0)) }
        // The small files are read first, so that a wrong one is reported at once.
        let state = try restored.map {
            try RestoreRecord.read($0).map(JobFigures.Restored.record) ?? .nothing
        }
        let output = log.isEmpty ? nil : try log.reduce(into: BuildLog()) { try $0.read(FilePath($1)) }

        let (result, time) = try await common.perform(consequence: "nothing was changed") { progress in
            try await measure(archive, base, progress)
        }
        var job = result
        (job.log, job.restored, job.budget) = (output, state ?? .unknown, budget)
        if common.json {
            try StandardOutput.write(SummaryDocument(figures: job, time: time).json)
        } else {
            try writePage(SummaryPage(figures: job, top: top))
        }
        if let excess = job.excess, let budget { throw overBudget(job, excess, budget) }
    }

    private func measure(
        _ archive: Archive,
        _ base: Archive?,
        _ progress: ProgressHandler?
    ) async throws -> JobFigures {
        var (explaining, comparing) = (Explain.Options(), Diff.Options())
        (explaining.jobs, comparing.jobs) = (common.jobs, common.jobs)
        var packed = JobFigures.Packed(path: self.archive, summary: try await archive.summary())
        // All compiled packages are decoded for their names only where their names are needed.
        if base == nil || !log.isEmpty {
            packed.explanation = try await Explain(options: explaining).run(archive, progress: progress)
        }
        guard let base else { return JobFigures(packed: packed) }
        let comparison = try await Diff(options: comparing).run(base, archive, progress: progress)
        let summary = try await base.summary()
        return JobFigures(
            packed: packed,
            base: JobFigures.Base(path: self.base ?? "", summary: summary, comparison: comparison)
        )
    }

    /// Writes the page as it is, because a line of Markdown must not be broken.
    private func writePage(_ page: SummaryPage) throws {
        var output = StandardOutput()
        for line in page.lines { try output.writeLine(line) }
        try output.flush()
    }

    private func overBudget(_ figures: JobFigures, _ excess: Int, _ budget: Int) -> AdvisedError {
        var sentence =
            "`\(archive)` is \(HumanFormat.bytes(figures.fileBytes)), \(HumanFormat.bytes(excess)) over the "
            + "budget of \(HumanFormat.bytes(budget))"
        if let module = figures.largestGrowth {
            let name = module.path.isEmpty ? "programs" : "`\(module.path)`"
            sentence += "; \(name) grew most, by \(HumanFormat.bytes(module.storedGrowth))"
        }
        return AdvisedError(.init(rawValue: "overBudget"), sentence, advice: RemedyText.shrink)
    }
}
