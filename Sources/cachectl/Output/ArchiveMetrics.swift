import CacheStore

/// An archive in figures, in the text format of Prometheus (version 0.0.4).
///
/// All figures are gauges, because an archive does not grow. Each sample has the label `archive`, so that the
/// files of several archives may lie in one directory.
struct ArchiveMetrics {
    /// The path of the archive, as given.
    let path: String

    /// The version of the archive's format.
    let version: Int

    let summary: ArchiveSummary

    /// A name and a value that tell samples apart.
    private typealias Label = (name: String, value: String)

    /// The text, which ends in a line feed.
    var text: String { lines.map { $0 + "\n" }.joined() }

    /// The lines: for each metric its help, its type and its samples.
    var lines: [String] {
        let totals = summary.totals
        var lines = metric(
            "info",
            "The digest of the archive; the value is always 1.",
            [([("digest", summary.digest.description)], 1)]
        )
        lines += metric("format_version", "The version of the archive's format.", [([], version)])
        lines += metric("size_bytes", "The length of the file.", [([], totals.fileBytes)])
        lines += metric("frames", "The number of compressed frames.", [([], totals.chunks)])
        lines += metric("frame_bytes", "The length of all compressed frames.", [([], totals.frameBytes)])
        lines += metric(
            "index_bytes",
            "The length of the index, with the bytes that align and mark it.",
            [([], totals.fileBytes - totals.frameBytes)]
        )
        lines += metric(
            "content_bytes",
            "The length of the content that a restore writes.",
            [([], totals.all.contentBytes)]
        )
        let kinds = Member.Kind.all.map { ($0.rawValue, totals.byKind[$0]) }
        lines += tallies("member", "members", "kind", "of each kind", kinds)
        let classes = EntryClass.ordered(totals.byClass.keys).map {
            ($0.rawValue, totals.byClass[$0])
        }
        lines += tallies("entry", "entries", "class", "of GOCACHE of each class", classes)
        let sources = summary.sources.map { ($0.label, totals.bySource[$0.label]) }
        lines += tallies("source_member", "source_members", "source", "that each source holds", sources)
        let alone = summary.sources.map {
            ($0.label, totals.uniqueBySource[$0.label])
        }
        lines += tallies(
            "source_unique_member",
            "source_unique_members",
            "source",
            "that only this source holds",
            alone
        )
        return lines
    }

    /// Returns the lines of a number of members, of their content and of the bytes that store it.
    private func tallies(
        _ one: String,
        _ many: String,
        _ label: String,
        _ which: String,
        _ tallies: [(value: String, tally: ArchiveTotals.Tally?)]
    ) -> [String] {
        func samples(_ value: (ArchiveTotals.Tally) -> Int) -> [([Label], Int)] {
            tallies.map { ([(label, $0.value)], $0.tally.map(value) ?? 0) }
        }
        return metric(many, "The number of members \(which).", samples(\.members))
            + metric(
                "\(one)_content_bytes",
                "The length of the content of members \(which).",
                samples(\.contentBytes)
            )
            + metric(
                "\(one)_stored_bytes",
                "The length of what stores the content of members \(which).",
                samples(\.storedBytes)
            )
    }

    /// Returns the lines of a metric, or none if it has no samples.
    private func metric(_ name: String, _ help: String, _ samples: [(labels: [Label], value: Int)])
        -> [String]
    {
        guard !samples.isEmpty else { return [] }
        let name = "cachestore_archive_\(name)"
        let lines = samples.map { sample in
            let labels = ([("archive", path)] + sample.labels).map {
                "\($0.name)=\"\(Self.escape($0.value))\""
            }
            return "\(name){\(labels.joined(separator: ","))} \(sample.value)"
        }
        return ["# HELP \(name) \(help)", "# TYPE \(name) gauge"] + lines
    }

    /// Returns the value of a label with backslashes, quotes and line feeds escaped.
    ///
    /// Control characters that the format does not escape are shown as in ``HumanFormat/printable(_:)``.
    static func escape(_ value: String) -> String {
        value.split(atScalar: "\n").map { line in
            HumanFormat.printable(line)
                .replacing(scalar: "\\", with: #"\\"#)
                .replacing(scalar: "\"", with: #"\""#)
        }
        .joined(separator: #"\n"#)
    }
}
