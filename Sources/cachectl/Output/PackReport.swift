import CacheStore

/// The report of a pack, as text and as JSON.
struct PackReport {
    let report: Pack.Report
    let time: Duration
    let label: String
    /// The path of the archive, as given, or `nil` for a preview without one.
    let archive: String?
    /// The path of the tar that holds the caches, as given, or `nil` for directories.
    let tar: String?
    /// The paths of the bases, as given.
    let bases: [String]
    /// Whether nothing was written.
    let isPreview: Bool
    /// Whether the user should be told that nothing tells which entries were used.
    let warnsOfUse: Bool

    // MARK: - Text

    /// The lines of the summary.
    var lines: [String] {
        let place = archive.map { " into `\(HumanFormat.printable($0))`" } ?? ""
        var lines: [String] = []
        if isPreview {
            let content = HumanFormat.bytes(report.totals.all.contentBytes)
            lines += ["would pack `\(label)`\(place): \(content) of content; nothing was written", ""]
            lines += previewTables
        } else {
            let size = HumanFormat.bytes(report.totals.fileBytes)
            lines += ["packed `\(label)`\(place): \(size) in \(HumanFormat.duration(time))", ""]
            lines += Table.kinds(report.totals).lines + [""]
        }
        if let placesInWords { lines.append("tar       \(placesInWords)") }
        if let counts = Message.leftOutCounts(report.leftOut) { lines.append("left out  \(counts)") }
        let dropped = EntryClass.ordered(report.dropped.keys).map { entryClass in
            "\(HumanFormat.count(report.dropped[entryClass]?.files ?? 0)) \(entryClass.rawValue)"
        }
        if !dropped.isEmpty { lines.append("dropped   \(dropped.joined(separator: ", "))") }
        if let unused { lines.append("unused    \(unused)") }
        if let excluded { lines.append("excluded  \(excluded)") }
        if warnsOfUse { lines.append("used      all entries: no restore with `--profile ci` tells which") }
        if let covered { lines.append("base      \(covered)") }
        if isPreview { lines.append("size      known only when the content is compressed") }
        return lines + ["digest    \(report.digest)"]
    }

    /// The tables of figures that are known before content is compressed.
    private var previewTables: [String] {
        let totals = report.totals
        let kinds = Member.Kind.all.compactMap { kind in
            totals.byKind[kind].map { (kind.rawValue, $0) }
        }
        var lines = Table.uncompressed("kind", kinds + [("all", totals.all)]).lines + [""]
        let classes = EntryClass.ordered(totals.byClass.keys).compactMap { entryClass in
            totals.byClass[entryClass].map { (entryClass.rawValue, $0) }
        }
        if !classes.isEmpty { lines += Table.uncompressed("class", classes).lines + [""] }
        return lines
    }

    /// The number of entries and modules that were not used, in words, or `nil` if there are none.
    private var unused: String? {
        var parts: [String] = []
        if report.unused > 0 { parts.append(HumanFormat.count(report.unused, "entry", "entries")) }
        if report.unusedModules > 0 {
            parts.append(HumanFormat.count(report.unusedModules, "module", "modules"))
        }
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }

    /// The members that patterns left out, in words, or `nil` if there are none.
    private var excluded: String? {
        let excluded = report.excluded
        guard !excluded.byKind.isEmpty else { return nil }
        var parts: [String] = []
        if excluded.packages > 0 {
            parts.append(HumanFormat.count(excluded.packages, "package", "packages"))
        }
        if excluded.modules > 0 { parts.append(HumanFormat.count(excluded.modules, "module", "modules")) }
        if excluded.entries > 0 { parts.append(HumanFormat.count(excluded.entries, "entry", "entries")) }
        return (parts + [HumanFormat.bytes(excluded.contentBytes)]).joined(separator: ", ")
    }

    /// The places of the caches in the tar, in words, or `nil` without a tar.
    private var placesInWords: String? {
        guard let tar, let places = report.places else { return nil }
        let caches = [("GOCACHE", places.buildCache), ("GOMODCACHE", places.moduleCache)]
        let words = caches.compactMap { name, path in path.map { "\(name) `\(HumanFormat.printable($0))`" } }
        return "\(words.joined(separator: " and ")) in `\(HumanFormat.printable(tar))`"
    }

    /// The members that bases have, in words, or `nil` without bases.
    private var covered: String? {
        guard !bases.isEmpty else { return nil }
        let members = report.covered.values.reduce(0) { $0 + $1.members }
        let content = HumanFormat.bytes(report.covered.values.reduce(0) { $0 + $1.contentBytes })
        var text = "has \(HumanFormat.count(members, "member", "members")) more, \(content)"
        if report.unread.members > 0 {
            let files = HumanFormat.count(report.unread.files, "file", "files")
            text += "; \(HumanFormat.bytes(report.unread.contentBytes)) in \(files) not read"
        }
        return text
    }

    // MARK: - JSON

    private var places: JSONValue {
        guard let tar, let places = report.places else { return .null }
        return [
            "path": .string(tar),
            "gocache": .optional(places.buildCache),
            "gomodcache": .optional(places.moduleCache),
        ]
    }

    /// The object that describes the pack.
    var json: JSONValue {
        [
            "schema": "cachectl.pack/1",
            "archive": .optional(archive),
            "dry_run": .boolean(isPreview),
            "label": .string(label),
            "digest": .string(report.digest.description),
            "bases": .strings(bases),
            "tar": places,
            "environment": .environment(report.environment),
            "totals": .totals(report.totals, isCompressed: !isPreview),
            "in_bases": .kinds(report.covered, isCompressed: false),
            "unread": .tally(report.unread, isCompressed: false),
            "left_out": .leftOut(report.leftOut),
            "dropped": .classes(report.dropped),
            "unused": .integer(report.unused),
            "unused_modules": .integer(report.unusedModules),
            "excluded": [
                "packages": .integer(report.excluded.packages),
                "modules": .integer(report.excluded.modules),
                "by_kind": .kinds(report.excluded.byKind, isCompressed: false),
            ],
            "restored_at": .optional(report.restoreTime),
            "warnings": .warnings(report.warnings),
            "milliseconds": .milliseconds(time),
        ]
    }
}
