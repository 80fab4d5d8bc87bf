import CacheStore

/// The part of the page that `cachectl summary` prints on the log of `cachectl prog`.
struct ProgramSection {
    /// The greatest number of logs whose errors the page names.
    private static let errorLimit = 3

    private typealias Place = CacheProgram.Report.Place

    /// The names of the places that are known, as parts of a sentence.
    private static let places: [Place: String] = [
        .buildCache: "stood in GOCACHE", .archive: "came from archives",
    ]

    let figures: JobFigures

    /// The sentences on what the program has answered, as one line each; nothing without a log.
    var sentences: [String] {
        let unread = figures.programLogErrors.prefix(Self.errorLimit).map { error in
            let summary = error.summary.prefix(1).uppercased() + error.summary.dropFirst()
            return Markdown.text("\(summary), so what `cachectl prog` served is not told.")
        }
        guard let log = figures.programLog else { return unread }
        let cuts = log.isTooLong ? [Self.cut] : []
        return unread + [([served(log)] + cuts + lost(log)).joined(separator: " ")]
    }

    private static var cut: String {
        "The log is longer than is read (\(HumanFormat.bytes(ProgramLog.lengthLimit))), so there were more."
    }

    private func served(_ log: ProgramLog) -> String {
        guard let total = log.total else { return "The log of `cachectl prog` has no go command." }
        let commands = HumanFormat.count(log.commands, "go command", "go commands")
        let made = HumanFormat.count(total.puts, "entry", "entries")
        let size = total.puts > 0 ? " (\(HumanFormat.bytes(total.putBytes)))" : ""
        var text = "`cachectl prog` served \(commands), which made **\(made)**\(size). "
        if total.gets == 0 {
            text += "No entry was asked for."
        } else {
            let share = SummaryPage.percent(total.allHits, of: total.gets)
            text +=
                "Of \(HumanFormat.count(total.gets, "entry", "entries")) that Go asked for, "
                + "**\(HumanFormat.count(total.allHits))** were hits (\(share)"
            let parts = parts(total)
            text += parts.isEmpty ? ")" : ": \(parts.joined(separator: ", ")))"
            text += ", **\(HumanFormat.count(total.misses))** misses"
            // Go asks for two entries per package, and makes one if the compiler prints nothing.
            let isWarm = total.puts < total.misses / 2
            text += isWarm ? "; most of these are for the words of compilers that printed none." : "."
        }
        return text + " It decoded \(HumanFormat.bytes(total.decodedBytes)); its answers took "
            + "\(HumanFormat.duration(total.answerTime)) in all."
    }

    /// Returns the numbers of hits by place, in words; places that this version does not know come last.
    private func parts(_ total: CacheProgram.Report) -> [String] {
        let others = Set(total.hits.keys).subtracting(Place.all).sorted { $0.rawValue < $1.rawValue }
        return (Place.all + others).compactMap { place in
            guard let count = total.hits[place], count > 0 else { return nil }
            let name = Self.places[place] ?? "came from \(Markdown.code(place.rawValue))"
            return "\(HumanFormat.count(count)) \(name)"
        }
    }

    /// Returns sentences on requests that failed and on lines that are not counted.
    private func lost(_ log: ProgramLog) -> [String] {
        var sentences: [String] = []
        if let errors = log.total?.errors, errors > 0 {
            sentences.append("\(HumanFormat.count(errors, "request", "requests")) failed.")
        }
        if log.foreignLines > 0 {
            let lines = HumanFormat.count(log.foreignLines, "line", "lines")
            sentences.append("\(lines) of the log can't be read, and what they tell is not counted.")
        }
        return sentences
    }
}
