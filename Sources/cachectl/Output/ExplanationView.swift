import CacheStore

/// The tables and bars of `cachectl explain`.
struct ExplanationView {
    let explanation: Explain.Report

    /// The number of lines in each list.
    let top: Int

    /// The sections, each with its title.
    var sections: [(title: String, table: Table)] {
        [
            ("Where the bytes are", kinds), ("Largest modules", modules), ("Largest packages", packages),
            ("Modules in several versions", versions), ("By source", sources),
            ("Savings of `pack --drop`", classes),
        ]
    }

    private static let barWidth = 24

    /// Returns a bar for a share of the largest value, drawn in eighths of a character.
    static func bar(_ value: Int, of largest: Int) -> String {
        guard largest > 0, value > 0 else { return "" }
        let eighths = max(1, Int((Double(value) / Double(largest) * Double(8 * barWidth)).rounded()))
        let partial = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8]
        return String(repeating: "█", count: eighths / 8) + partial
    }

    /// A table with a row for each class of entry in GOCACHE and each kind of member in GOMODCACHE.
    private var kinds: Table {
        var table = Table(.left("what"), .right("files"), .right("content"), .right("stored"), .bar)
        var rows = explanation.totals.byClass.map { (name: "GOCACHE \($0.key.rawValue)", tally: $0.value) }
        for kind in Member.Kind.all where kind != .action && kind != .output {
            guard let tally = explanation.totals.byKind[kind] else { continue }
            rows.append(("GOMODCACHE \(kind.rawValue)", tally))
        }
        rows.sort { ($1.tally.storedBytes, $0.name) < ($0.tally.storedBytes, $1.name) }
        let largest = rows.first?.tally.storedBytes ?? 0
        for (name, tally) in rows where tally.members > 0 {
            table.append(
                name,
                HumanFormat.count(tally.files),
                HumanFormat.bytes(tally.contentBytes),
                HumanFormat.bytes(tally.storedBytes),
                Self.bar(tally.storedBytes, of: largest)
            )
        }
        return table
    }

    private var modules: Table {
        var table = Table(
            .left("module"),
            .right("packages"),
            .detail("compiled"),
            .detail("sources"),
            .right("stored"),
            .bar
        )
        let largest = explanation.modules.first?.storedBytes ?? 0
        for module in explanation.modules.prefix(top) {
            let name = module.path.isEmpty ? "(programs, and packages of no module here)" : module.path
            table.append(
                HumanFormat.printable(name),
                HumanFormat.count(module.packages),
                HumanFormat.bytes(module.compiledStoredBytes),
                HumanFormat.bytes(module.storedBytes - module.compiledStoredBytes),
                HumanFormat.bytes(module.storedBytes),
                Self.bar(module.storedBytes, of: largest)
            )
        }
        return table
    }

    private var packages: Table {
        var table = Table(
            .left("package"),
            .right("variants"),
            .right("content"),
            .right("stored"),
            .left("in"),
            .bar
        )
        let largest = explanation.packages.first?.storedBytes ?? 0
        for package in explanation.packages.prefix(top) {
            table.append(
                HumanFormat.printable(package.importPath),
                HumanFormat.count(package.variants),
                HumanFormat.bytes(package.contentBytes),
                HumanFormat.bytes(package.storedBytes),
                holders(package.sources),
                Self.bar(package.storedBytes, of: largest)
            )
        }
        return table
    }

    private var versions: Table {
        var table = Table(
            .left("module"),
            .left("version"),
            .right("content"),
            .right("stored"),
            .left("in")
        )
        let several = explanation.modules.filter { $0.versions.count > 1 }
        for module in several.prefix(top) {
            for (index, version) in module.versions.enumerated() {
                table.append(
                    index == 0 ? HumanFormat.printable(module.path) : "",
                    HumanFormat.printable(version.version),
                    HumanFormat.bytes(version.contentBytes),
                    HumanFormat.bytes(version.storedBytes),
                    holders(version.sources)
                )
            }
        }
        return table
    }

    private var sources: Table {
        var table = Table(.left("source"), .right("stored"), .right("in no other"), .bar)
        let totals = explanation.totals
        let largest = totals.bySource.values.map(\.storedBytes).max() ?? 0
        for (label, tally) in totals.bySource.sorted(by: { $0.key < $1.key }) {
            table.append(
                label,
                HumanFormat.bytes(tally.storedBytes),
                HumanFormat.bytes(totals.uniqueBySource[label]?.storedBytes ?? 0),
                Self.bar(tally.storedBytes, of: largest)
            )
        }
        return table
    }

    /// A table of the savings from dropping each class, except the class of packages.
    private var classes: Table {
        var table = Table(.left("class"), .right("files"), .right("content"), .right("stored"))
        let tallies = explanation.totals.byClass.filter { $0.key != .package }
        for entryClass in EntryClass.ordered(tallies.keys) {
            guard let tally = tallies[entryClass] else { continue }
            table.append(
                entryClass.rawValue,
                HumanFormat.count(tally.files),
                HumanFormat.bytes(tally.contentBytes),
                HumanFormat.bytes(tally.storedBytes)
            )
        }
        return table
    }

    /// Describes the sources that hold something.
    private func holders(_ labels: [String]) -> String {
        if labels.count == explanation.totals.bySource.count, labels.count > 1 { return "all" }
        return labels.count > 3 ? "\(labels.count) sources" : labels.joined(separator: ",")
    }
}
