import CacheStore

/// The part of the page that `cachectl summary` prints on the log of a job: no more than the log proves.
struct LogSection {
    /// The greatest number of programs that a sentence names.
    private static let nameLimit = 3

    let figures: JobFigures

    /// The number of names in each list.
    let top: Int

    /// The sentences on hits, misses and tests, as one line each; nothing without a log.
    var sentences: [String] {
        let unread = figures.logErrors.prefix(Self.nameLimit).map { error in
            let summary = error.summary.prefix(1).uppercased() + error.summary.dropFirst()
            return Markdown.text("\(summary), so hits are not told.")
        }
        guard let log = figures.log else { return unread }
        var text = compilations(log)
        if log.tested.count + log.testedFromCache.count > 0 {
            text +=
                " Tests ran in \(HumanFormat.count(log.tested.count, "package", "packages")); the results "
                + "of \(HumanFormat.count(log.testedFromCache.count)) came from the cache."
        }
        return unread + [text]
    }

    /// The lists of the packages that the log names.
    var lists: [[String]] {
        [
            list("Compiled packages", figures.compiled ?? []),
            list("Packages that the log only names", figures.mentioned),
        ]
    }

    private func compilations(_ log: BuildLog) -> String {
        guard let compiled = figures.compiled else { return unknown(log) }
        let programs = programs(log)
        guard let hits = figures.hits else {
            let count = HumanFormat.count(compiled.count, "package", "packages")
            var text = "The go commands in the log compiled at least \(count) (misses)"
            if let programs { text += " and \(programs)" }
            if let reason = log.reason {
                let advice = "\(RemedyText.log.prefix(1).uppercased())\(RemedyText.log.dropFirst())"
                text += ". But \(reason), so it does not tell hits. \(advice)"
            }
            return text + "."
        }
        let mentioned = figures.mentioned.count
        let total = compiled.count + hits + mentioned
        let known = HumanFormat.count(total, "package", "packages")
        if compiled.isEmpty, mentioned == 0 {
            let work = programs.map { "The go commands in the log compiled \($0), and no package" }
            var text = work ?? "No compile is in the log"
            if total > 0 {
                text += ": if the log is whole, all \(known) were in the cache already (hits, 100%)"
            }
            return text + (log.hasSteps ? "." : ", \(RemedyText.workDirectory).") + source
        }
        var text =
            "Of \(known), the go commands in the log compiled "
            + "**\(HumanFormat.count(compiled.count))** (misses); if the log is whole, "
            + "**\(HumanFormat.count(hits))** were in the cache already (hits, "
            + "\(SummaryPage.percent(hits, of: total)))."
        if mentioned > 0 {
            text += " The log only names \(HumanFormat.count(mentioned)); \(RemedyText.verboseLog)."
        }
        if let programs { text += " They also compiled \(programs)." }
        return text + source
    }

    /// A sentence on where hits came from if nothing was restored, or nothing.
    private var source: String {
        figures.isFilledByOthers
            ? " Nothing was restored, so other commands had filled the cache before." : ""
    }

    /// Returns the sentence on a log that does not prove what was compiled.
    private func unknown(_ log: BuildLog) -> String {
        let advice = "\(RemedyText.log.prefix(1).uppercased())\(RemedyText.log.dropFirst())"
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

extension BuildLog {
    /// The reason why the log does not tell hits, as a part of a sentence, or `nil` if it tells them.
    var reason: String? {
        if isConclusive { return nil }
        if isTooLong { return "the log is longer than is read (\(HumanFormat.bytes(Self.lengthLimit)))" }
        return isCutOff ? "the log was cut off" : "the log does not tell which packages were compiled"
    }
}
