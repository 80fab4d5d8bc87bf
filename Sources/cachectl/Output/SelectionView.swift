import CacheStore

/// The text and JSON of `cachectl select`.
struct SelectionView {
    private let report: Select.Report

    /// The labels of the sources whose losses matter; `nil` for all.
    private let wanted: [String]?

    /// The number of lines in each list.
    private static let top = 20

    /// Creates the view of a report.
    ///
    /// - Parameters:
    ///   - report: The report.
    ///   - wanted: The labels of the sources that were selected; all others are meant to go. `nil` for all.
    init(_ report: Select.Report, only wanted: [String]?) { (self.report, self.wanted) = (report, wanted) }

    /// Returns the inputs, the archive and its size in words.
    func headline(for path: String?) -> String {
        let archives = HumanFormat.count(report.inputs, "archive", "archives")
        let inputSize = HumanFormat.bytes(report.inputBytes)
        let size = HumanFormat.bytes(report.totals.fileBytes)
        let place = path.map { " into `\(HumanFormat.printable($0))`" } ?? ""
        return "from \(archives) of \(inputSize)\(place): \(size)"
    }

    /// Returns a line for a preview that is to be compressed again; none without a level.
    func note(onLevel level: Int?) -> [String] {
        level.map { ["sizes     as the inputs store it, before level \($0) compresses it again"] } ?? []
    }

    /// The lines on what goes.
    var removal: [String] {
        let all = report.removed.all
        let members = HumanFormat.count(all.members, "member", "members")
        var lines = ["left out  \(members), \(HumanFormat.bytes(all.storedBytes))"]
        lines += losses
        let modules = report.cuts.count(where: \.isModule)
        if !report.cuts.isEmpty {
            let words = [
                HumanFormat.count(report.cuts.count - modules, "package", "packages"),
                HumanFormat.count(modules, "module", "modules"),
            ]
            lines.append("for size  \(words.joined(separator: ", "))")
        }
        return lines
    }

    /// A line per source that loses something, the one that loses most first.
    private var losses: [String] {
        let losses = report.removed.bySource.filter { wanted?.contains($0.key) ?? true }
        let sorted = losses.sorted { one, other in
            let counts = [one, other].map { ($0.value.entries, $0.value.modules) }
            return counts[0] == counts[1] ? one.key < other.key : counts[0] > counts[1]
        }
        var lines = sorted.prefix(Self.top).map { label, loss in
            var parts: [String] = []
            if loss.entries > 0 {
                var classes = EntryClass.ordered(loss.byClass.keys).map { entryClass in
                    "\(HumanFormat.count(loss.byClass[entryClass] ?? 0)) \(entryClass.rawValue)"
                }
                // More would not fit on a line.
                if classes.count > 4 { classes.replaceSubrange(3..., with: ["…"]) }
                let detail = " (\(classes.joined(separator: ", ")))"
                parts.append(HumanFormat.count(loss.entries, "entry", "entries") + detail)
            }
            if loss.modules > 0 { parts.append(HumanFormat.count(loss.modules, "module", "modules")) }
            return "\(label): \(parts.joined(separator: ", "))"
        }
        if sorted.count > Self.top {
            lines.append("\(HumanFormat.count(sorted.count - Self.top)) more sources (--json)")
        }
        return lines.enumerated().map { ($0 == 0 ? "lost      " : "          ") + $1 }
    }

    /// The figures and the digest of the archive.
    var result: [String] { Table.archive(report.totals, report.digest) }

    /// Returns what would go, by module and by package, the largest first, each list with its title.
    ///
    /// A module is listed, too, if it stays and a package of it goes; it has no version then.
    func lists(of preview: Select.Preview) -> [String] {
        var modules = Table(
            .left("module"),
            .right("packages"),
            .left("versions"),
            .right("stored"),
            .left("in")
        )
        var sources: [String: Set<String>] = [:]
        for package in preview.packages { sources[package.module, default: []].formUnion(package.sources) }
        for module in preview.modules.prefix(Self.top) {
            let name = module.path.isEmpty ? "(programs, and packages of no module here)" : module.path
            modules.append(
                HumanFormat.printable(name),
                HumanFormat.count(module.packages),
                HumanFormat.printable(module.versions.map(\.version).joined(separator: ", ")),
                HumanFormat.bytes(module.storedBytes),
                module.versions.reduce(into: sources[module.path] ?? []) { $0.formUnion($1.sources) }
                    .sorted().joined(separator: ",")
            )
        }
        var packages = Table(.left("package"), .right("variants"), .right("stored"), .left("in"))
        for package in preview.packages.prefix(Self.top) {
            packages.append(
                HumanFormat.printable(package.importPath),
                HumanFormat.count(package.variants),
                HumanFormat.bytes(package.storedBytes),
                package.sources.joined(separator: ",")
            )
        }
        var lines: [String] = []
        for (title, table, count) in [
            ("What would go, by module", modules, preview.modules.count),
            ("What would go, by package", packages, preview.packages.count),
        ] where count > 0 {
            lines += [title, ""] + table.lines
            if count > Self.top { lines.append("and \(HumanFormat.count(count - Self.top)) more (--json)") }
            lines.append("")
        }
        if preview.unknownPackages > 0 {
            let count = HumanFormat.count(preview.unknownPackages, "package", "packages")
            lines += ["\(count) that would go could not be named", ""]
        }
        return lines
    }
}

extension JSONValue {
    /// Returns the JSON of what a selection leaves out, with packages and modules where a preview has them.
    static func removal(_ removal: Select.Removal, _ preview: Select.Preview?) -> JSONValue {
        let packages = preview?.packages.map { package($0) }
        let modules = preview?.modules.map { module($0) }
        return [
            "all": tally(removal.all),
            "by_kind": kinds(removal.byKind),
            "entries_by_source": sorted(removal.entriesBySource.mapValues { .integer($0) }),
            "classes_by_source": sorted(
                removal.bySource.filter { $0.value.entries > 0 }.mapValues { loss in
                    .object(
                        EntryClass.ordered(loss.byClass.keys).map {
                            (key: $0.rawValue, value: .integer(loss.byClass[$0] ?? 0))
                        }
                    )
                }
            ),
            "modules_by_source": sorted(removal.modulesBySource.mapValues { .integer($0) }),
            "packages": packages.map { .array($0) } ?? .null,
            "modules": modules.map { .array($0) } ?? .null,
            "unknown_packages": preview.map { .integer($0.unknownPackages) } ?? .null,
        ]
    }

    /// Returns the JSON of a package or module that went for the size of the archive.
    static func cut(_ cut: Select.Cut) -> JSONValue {
        [
            "kind": .string(cut.isModule ? "module" : "package"),
            "name": .string(cut.name),
            "is_standard": .boolean(cut.isStandard),
            "stored_bytes": .integer(cut.storedBytes),
            "sources": .integer(cut.sources),
        ]
    }
}
