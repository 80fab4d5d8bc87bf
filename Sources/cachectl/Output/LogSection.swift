import CacheStore

/// The part of the page that `cachectl summary` prints on the log of a job: no more than the log proves.
struct LogSection {
    /// The greatest number of programs that a sentence names.
    private static let nameLimit = 3

    let figures: JobFigures

    /// The number of names in each list.
    let top: Int

    /// The sentences on hits, misses and tests, as one line; nothing without a log.
    var sentences: [String] {
        guard let log = figures.log else { return [] }
        var text = compilations(log)
        if log.tested.count + log.testedFromCache.count > 0 {
            text +=
                " Tests ran in \(HumanFormat.count(log.tested.count, "package", "packages")); the results "
                + "of \(HumanFormat.count(log.testedFromCache.count)) came from the cache."
        }
        return [text]
    }

    /// The lists of the packages that the log names.
    var lists: [[String]] {
        [
            list("Compiled packages", figures.compiled ?? []),
            list("Packages that the log only names", figures.mentioned),
        ]
    }

    private func compilations(_ log: BuildLog) -> String {
        guard let compiled = figures.compiled, let hits = figures.hits else { return unknown(log) }
        let mentioned = figures.mentioned.count
        let programs = programs(log)
        let total = compiled.count + hits + mentioned
        let known = HumanFormat.count(total, "package", "packages")
        if compiled.isEmpty, mentioned == 0 {
            let work = programs.map { "The go commands in the log compiled \($0), and no package" }
            var text = (work ?? "The go commands in the log compiled nothing")
            if total > 0 { text += ": all \(known) were in the cache already (hits, 100%)" }
            return text + (log.hasSteps ? "." : ", \(RemedyText.workDirectory).")
        }
        var text =
            "Of \(known), the go commands in the log compiled "
            + "**\(HumanFormat.count(compiled.count))** (misses), and **\(HumanFormat.count(hits))** were in "
            + "the cache already (hits, \(SummaryPage.percent(hits, of: total)))."
        if mentioned > 0 {
            text += " The log only names \(HumanFormat.count(mentioned)); \(RemedyText.verboseLog)."
        }
        if let programs { text += " They also compiled \(programs)." }
        return text
    }

    /// Returns the sentence on a log that does not prove what was compiled.
    private func unknown(_ log: BuildLog) -> String {
        let advice = "\(RemedyText.log.prefix(1).uppercased())\(RemedyText.log.dropFirst())"
        if log.isCutOff { return "The log was cut off, so it does not tell hits and misses. \(advice)." }
        let mentioned = HumanFormat.count(figures.mentioned.count, "package", "packages")
        return figures.mentioned.isEmpty
            ? "The log does not tell which packages were compiled. \(advice)."
            : "The log names \(mentioned), which does not prove that they were compiled: "
                + "\(RemedyText.verboseLog). \(advice)."
    }

    /// Returns the names of the compiled programs, or their number if they are many.
    private func programs(_ log: BuildLog) -> String? {
        let count = log.programs.count + log.unnamedPrograms
        let number = HumanFormat.count(count, "program", "programs")
        guard count > 0 else { return nil }
        guard count <= Self.nameLimit, log.unnamedPrograms == 0 else { return number }
        let names = log.programs.sorted().map(Markdown.code).joined(separator: ", ")
        return count == 1 ? "the program \(names)" : "\(number) (\(names))"
    }

    private func list(_ title: String, _ names: [String]) -> [String] {
        guard !names.isEmpty else { return [] }
        let shown = names.prefix(top).map { "- \(Markdown.code($0))" }
        return Markdown.details(
            "\(title): \(HumanFormat.count(names.count))",
            shown + SummaryPage.rest(names.count, shown.count, "the log names all of them")
        )
    }
}
