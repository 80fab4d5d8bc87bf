import CacheStore

/// The page of Markdown that `cachectl summary` prints, for the summary of a job.
///
/// GitHub takes at most 1 MiB per step. The lists are cut, and no name is long, so the page is shorter.
struct SummaryPage {
    /// The greatest number of rows in a list, with which no page is longer than GitHub takes.
    static let rowLimit = 200

    /// The greatest number of warnings that the page repeats.
    private static let warningLimit = 10

    /// The greatest length of a warning that the page repeats, in Unicode scalars.
    private static let warningLength = 1000

    let figures: JobFigures

    /// The number of rows in each list.
    let top: Int

    /// The lines of the page.
    var lines: [String] {
        let sections = [
            ["### Go caches: \(headline)"], budget, Markdown.table(columns, rows), change, job, restore,
            warnings,
        ]
        return (sections + lists).filter { !$0.isEmpty }.joined(separator: [""]).map(\.self)
    }

    // MARK: - The head

    private var headline: String {
        let size = HumanFormat.bytes(figures.fileBytes)
        guard let growth = figures.growth, let base = figures.base else { return size }
        if base.comparison.isEmpty { return "\(size), nothing changed" }
        return "\(size) (\(Self.signed(growth))\(Self.percentage(growth, of: base.summary.totals.fileBytes)))"
    }

    private var budget: [String] {
        guard let budget = figures.budget else { return [] }
        let name = Markdown.code(figures.packed.path)
        if let excess = figures.excess {
            let limit = HumanFormat.bytes(budget)
            let advice = RemedyText.shrink.prefix(1).uppercased() + RemedyText.shrink.dropFirst()
            return [
                "> **Over budget:** \(name) is \(HumanFormat.bytes(excess)) over \(limit).",
                "> \(Markdown.text(advice)).",
            ]
        }
        let share = Self.percent(figures.fileBytes, of: budget)
        return ["Within the budget: \(share) of \(HumanFormat.bytes(budget))."]
    }

    private var columns: [(String, Markdown.Alignment)] {
        figures.base == nil
            ? [("", .left), ("now", .right)]
            : [("", .left), ("before", .right), ("now", .right), ("change", .right)]
    }

    private var rows: [[String]] {
        let (now, before) = (figures.packed.summary.totals, figures.base?.summary.totals)
        func row(_ name: String, _ value: (ArchiveTotals) -> Int, bytes: Bool = false) -> [String] {
            func text(_ count: Int) -> String { bytes ? HumanFormat.bytes(count) : HumanFormat.count(count) }
            guard let before else { return [name, text(value(now))] }
            let change = value(now) - value(before)
            return [name, text(value(before)), text(value(now)), Self.signed(change, bytes: bytes)]
        }
        let rows = [
            row("archive", \.fileBytes, bytes: true),
            row("restored content", \.all.contentBytes, bytes: true), row("files", \.all.files),
            row("modules", { $0.byKind[.tree]?.members ?? 0 }),
            row("compiled packages", { $0.byClass[.package]?.members ?? 0 }),
        ]
        return rows + [toolchains].compactMap(\.self)
    }

    /// The row of the Go versions, by which all entries miss if they differ.
    private var toolchains: [String]? {
        func versions(_ summary: ArchiveSummary) -> String {
            let versions = Set(summary.sources.map { $0.environment["GOVERSION"] }).filter { !$0.isEmpty }
            return versions.sorted().prefix(3).map(Markdown.cell).joined(separator: ", ")
        }
        let now = versions(figures.packed.summary)
        guard let base = figures.base else { return now.isEmpty ? nil : ["Go", now] }
        let before = versions(base.summary)
        if now.isEmpty && before.isEmpty { return nil }
        return ["Go", before, now, before == now ? "" : "changed: nothing hits across it"]
    }

    // MARK: - Sentences

    private var change: [String] {
        guard let base = figures.base, !base.comparison.isEmpty else { return [] }
        guard let module = figures.largestGrowth else { return ["No module grew."] }
        let versions = ComparisonView.versions(module)
        let suffix = versions.isEmpty ? "" : ", \(Markdown.code(versions))"
        return ["Largest growth: \(Self.name(module.path)), \(Self.signed(module.storedGrowth))\(suffix)."]
    }

    private var job: [String] {
        guard let log = figures.log, let compiled = figures.compiled, let hits = figures.hits
        else { return [] }
        let total = compiled.count + hits
        let known = HumanFormat.count(total, "package", "packages")
        var sentence =
            compiled.isEmpty
            ? "The log names no compiled package: all \(known) came from the cache, if the log is of "
                + "`go build -v` or `-x`."
            : "Of \(known), the job compiled **\(HumanFormat.count(compiled.count))** (misses), and "
                + "**\(HumanFormat.count(hits))** came from the cache (hits, "
                + "\(Self.percent(hits, of: total)))."
        if log.programs > 0 {
            sentence += " It compiled \(HumanFormat.count(log.programs, "program", "programs"))."
        }
        if log.tested.count + log.testedFromCache.count > 0 {
            sentence +=
                " Tests ran in \(HumanFormat.count(log.tested.count, "package", "packages")); the results "
                + "of \(HumanFormat.count(log.testedFromCache.count)) came from the cache."
        }
        return [sentence]
    }

    private var restore: [String] {
        switch figures.restored {
        case .unknown: return []
        case .nothing: return ["No cache was restored: this was a cold build."]
        case .record(let record):
            let time = Duration.milliseconds(record.milliseconds)
            var sentence =
                "The restore of \(Markdown.code(record.archive)) took \(HumanFormat.duration(time)): it "
                + "wrote \(HumanFormat.bytes(record.bytesWritten)) in "
                + "\(HumanFormat.count(record.filesWritten, "file", "files")) "
                + "(\(HumanFormat.rate(record.bytesWritten, in: time)))"
            if record.filesUntouched > 0 {
                sentence += ", and \(HumanFormat.count(record.filesUntouched)) were there already"
            }
            return [sentence + "." + savings(of: record)]
        }
    }

    /// Returns a sentence on the use of a restored archive, or nothing.
    private func savings(of record: RestoreRecord) -> String {
        if record.nothingHits == true {
            return " **Nothing in it could hit**, so every package was compiled again."
        }
        var text = ""
        if let hits = figures.hits, hits > 0 {
            text += " It saved the compilation of up to \(HumanFormat.count(hits, "package", "packages"))."
        }
        guard let base = figures.base, base.summary.digest.description == record.archiveDigest
        else { return text }
        let share = Self.percent(base.keptBytes, of: base.summary.totals.all.storedBytes)
        return text + " \(share) of what it brought is in the new archive."
    }

    private var warnings: [String] {
        guard case .record(let record) = figures.restored, !record.warnings.isEmpty else { return [] }
        let shown = record.warnings.prefix(Self.warningLimit)
        var lines = shown.map { warning in
            let text = warning.message.unicodeScalars.prefix(Self.warningLength)
            return "- \(Markdown.text(String(String.UnicodeScalarView(text))))"
        }
        if record.warnings.count > shown.count {
            lines.append("- and \(HumanFormat.count(record.warnings.count - shown.count)) more")
        }
        return ["Warnings of the restore:", ""] + lines
    }

    // MARK: - Lists

    private var lists: [[String]] {
        let compiled = figures.compiled.map(compiledList) ?? []
        if let base = figures.base { return [compiled] + changedLists(base.comparison) }
        return [compiled] + (figures.packed.explanation.map(sizeLists) ?? [])
    }

    private func compiledList(_ names: [String]) -> [String] {
        guard !names.isEmpty else { return [] }
        let shown = names.prefix(top).map { "- \(Markdown.code($0))" }
        return Markdown.details(
            "Compiled packages: \(HumanFormat.count(names.count))",
            shown + rest(names.count, shown.count, "the log names all of them")
        )
    }

    private func changedLists(_ comparison: Diff.Report) -> [[String]] {
        let modules = comparison.modules.prefix(top).map { module in
            [
                Self.name(module.path, inCell: true), Markdown.cell(ComparisonView.versions(module)),
                Self.change(module.removedPackages.count, module.addedPackages.count),
                HumanFormat.bytes(module.removedStoredBytes), HumanFormat.bytes(module.addedStoredBytes),
            ]
        }
        let packages = comparison.packages.prefix(top).map { package in
            [
                Markdown.cell(package.importPath), Self.change(package.removed.count, package.added.count),
                HumanFormat.bytes(package.removed.storedBytes), HumanFormat.bytes(package.added.storedBytes),
            ]
        }
        return [
            list(
                "Modules that changed",
                comparison.modules.count,
                [
                    ("module", .left), ("version", .left), ("packages", .right), ("gone", .right),
                    ("new", .right),
                ],
                modules,
                RemedyText.compare
            ),
            list(
                "Packages that changed",
                comparison.packages.count,
                [("package", .left), ("variants", .right), ("gone", .right), ("new", .right)],
                packages,
                RemedyText.compare
            ),
        ]
    }

    private func sizeLists(_ explanation: Explain.Report) -> [[String]] {
        let modules = explanation.modules.prefix(top).map { module in
            [
                Self.name(module.path, inCell: true), HumanFormat.count(module.packages),
                HumanFormat.bytes(module.storedBytes),
            ]
        }
        let packages = explanation.packages.prefix(top).map { package in
            [
                Markdown.cell(package.importPath), HumanFormat.count(package.variants),
                HumanFormat.bytes(package.storedBytes),
            ]
        }
        return [
            list(
                "Largest modules",
                explanation.modules.count,
                [("module", .left), ("packages", .right), ("stored", .right)],
                modules,
                RemedyText.explain
            ),
            list(
                "Largest packages",
                explanation.packages.count,
                [("package", .left), ("variants", .right), ("stored", .right)],
                packages,
                RemedyText.explain
            ),
        ]
    }

    private func list(
        _ title: String,
        _ count: Int,
        _ columns: [(String, Markdown.Alignment)],
        _ rows: [[String]],
        _ advice: String
    ) -> [String] {
        guard count > 0 else { return [] }
        return Markdown.details(
            "\(title): \(HumanFormat.count(count))",
            Markdown.table(columns, rows) + rest(count, rows.count, advice)
        )
    }

    /// Returns a sentence on the rows that a list leaves out, with the blank line that ends the list.
    private func rest(_ count: Int, _ shown: Int, _ advice: String) -> [String] {
        guard count > shown else { return [] }
        return ["", "And \(HumanFormat.count(count - shown)) more; \(advice)."]
    }

    // MARK: - Words

    private static func name(_ module: String, inCell: Bool = false) -> String {
        if module.isEmpty { return "programs, and packages of no module here" }
        return inCell ? Markdown.cell(module) : Markdown.code(module)
    }

    private static func change(_ removed: Int, _ added: Int) -> String {
        "−\(HumanFormat.count(removed)) +\(HumanFormat.count(added))"
    }

    private static func signed(_ change: Int, bytes: Bool = true) -> String {
        let size = change.magnitude > Int.max ? Int.max : Int(change.magnitude)
        let text = bytes ? HumanFormat.bytes(size) : HumanFormat.count(size)
        return change == 0 ? "0" : (change < 0 ? "−" : "+") + text
    }

    private static func percentage(_ change: Int, of whole: Int) -> String {
        guard whole > 0 else { return "" }
        let percent = Int((Double(change.magnitude) / Double(whole) * 100).rounded())
        return ", \(change < 0 ? "−" : "+")\(HumanFormat.count(percent))%"
    }

    /// Returns a share in whole percent; only the whole is 100%.
    private static func percent(_ part: Int, of whole: Int) -> String {
        guard whole > 0 else { return "0%" }
        let percent = Int(Double(part) / Double(whole) * 100)
        return "\(part >= whole ? percent : min(99, percent))%"
    }
}
