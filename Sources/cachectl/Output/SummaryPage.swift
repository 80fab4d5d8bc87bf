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
            ["### Go caches: \(headline)"], budget, Markdown.table(columns, rows), change, log.sentences,
            ProgramSection(figures: figures).sentences, restore, warnings,
        ]
        return (sections + lists).filter { !$0.isEmpty }.joined(separator: [""]).map(\.self)
    }

    private var log: LogSection { LogSection(figures: figures, top: top) }

    // MARK: - The head

    private var headline: String {
        let size = HumanFormat.bytes(figures.fileBytes)
        guard let growth = figures.growth, let base = figures.base else { return size }
        if base.comparison.isEmpty { return "\(size), nothing changed" }
        if growth == 0 { return "\(size), as long as before" }
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
            row("package entries", { $0.byClass[.package]?.members ?? 0 }),
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
        if let missing = figures.missingBase {
            let sentence = missing.sentence.prefix(1).uppercased() + missing.sentence.dropFirst()
            let consequence = missing.isAbsent ? "" : ", so nothing is compared with it"
            return [Markdown.text("\(sentence)\(consequence).")]
        }
        guard let base = figures.base, !base.comparison.isEmpty else { return [] }
        guard let module = figures.largestGrowth else { return ["No module grew."] }
        let versions = ComparisonView.versions(module)
        let suffix = versions.isEmpty ? "" : ", \(Markdown.code(versions))"
        let name = Self.name(module.path, figures.changedUnowned)
        return ["Largest growth: \(name), \(Self.signed(module.storedGrowth))\(suffix)."]
    }

    private var restore: [String] {
        switch figures.restored {
        case .unknown: return []
        case .nothing: return ["No cache was restored: this was a cold build."]
        case .record(let record):
            var sentence = "The restore of \(Markdown.code(record.archive)) "
            let time = record.time
            if let time { sentence += "took \(HumanFormat.duration(time)): it " }
            sentence +=
                "wrote \(HumanFormat.bytes(record.bytesWritten)) in "
                + HumanFormat.count(record.filesWritten, "file", "files")
            if let time, record.bytesWritten > 0 {
                sentence += " (\(HumanFormat.rate(record.bytesWritten, in: time)))"
            }
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
        if let base = figures.base { return log.lists + changedLists(base.comparison) }
        return log.lists + (figures.packed.explanation.map(sizeLists) ?? [])
    }

    private func changedLists(_ comparison: Diff.Report) -> [[String]] {
        let modules = comparison.modules.prefix(top).map { module in
            [
                Self.name(module.path, figures.changedUnowned, inCell: true),
                Markdown.cell(ComparisonView.versions(module)),
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
        let unowned = explanation.packages.filter { $0.module.isEmpty }.map(\.importPath)
        let modules = explanation.modules.prefix(top).map { module in
            [
                Self.name(module.path, unowned, inCell: true), HumanFormat.count(module.packages),
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
            Markdown.table(columns, rows) + Self.rest(count, rows.count, advice)
        )
    }

    /// Returns a sentence on the rows that a list leaves out, with the blank line that ends the list.
    static func rest(_ count: Int, _ shown: Int, _ advice: String) -> [String] {
        guard count > shown else { return [] }
        return ["", "And \(HumanFormat.count(count - shown)) more; \(advice)."]
    }

    // MARK: - Words

    /// Returns a module's name; programs, which are of no module, have names of their own.
    private static func name(_ module: String, _ packages: [String], inCell: Bool = false) -> String {
        let mark = inCell ? Markdown.cell : Markdown.code
        return module.isEmpty ? JobFigures.unowned(packages) { mark($0) } : mark(module)
    }

    private static func change(_ removed: Int, _ added: Int) -> String {
        "−\(HumanFormat.count(removed)) +\(HumanFormat.count(added))"
    }

    private static func signed(_ change: Int, bytes: Bool = true) -> String {
        let size = change.magnitude > Int.max ? Int.max : Int(change.magnitude)
        let text = bytes ? HumanFormat.bytes(size) : HumanFormat.count(size)
        return change == 0 ? "0" : (change < 0 ? "−" : "+") + text
    }

    /// Returns a change in percent, as the end of a list, or nothing where the figure would tell nothing.
    private static func percentage(_ change: Int, of whole: Int) -> String {
        let percent = Double(change.magnitude) / Double(max(whole, 1)) * 100
        guard whole > 0, percent < 10_000 else { return "" }
        let rounded = Int(percent.rounded())
        return rounded == 0 ? ", under 1%" : ", \(change < 0 ? "−" : "+")\(HumanFormat.count(rounded))%"
    }

    /// Returns a share in whole percent; only the whole is 100%, and only nothing is 0%.
    static func percent(_ part: Int, of whole: Int) -> String {
        guard whole > 0, part > 0 else { return "0%" }
        if part >= whole { return "100%" }
        let percent = Int(Double(part) / Double(whole) * 100)
        return percent == 0 ? "under 1%" : "\(min(99, percent))%"
    }
}
