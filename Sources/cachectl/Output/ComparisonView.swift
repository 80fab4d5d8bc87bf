import CacheStore

/// The tables and bars of `cachectl diff`.
struct ComparisonView {
    let comparison: Diff.Report

    /// The number of lines in each list.
    let top: Int

    /// The sections, each with its title.
    var sections: [(title: String, table: Table)] {
        [("Differences", kinds), ("Modules", modules), ("Packages", packages)]
    }

    /// A table with a row for each kind of member, and a row of sums.
    private var kinds: Table {
        var table = Table(
            .left("what"),
            .right("removed"),
            .detail("content"),
            .right("stored"),
            .right("added"),
            .detail("content"),
            .right("stored")
        )
        func append(_ name: String, _ removed: ArchiveTotals.Tally?, _ added: ArchiveTotals.Tally?) {
            table.append(
                name,
                HumanFormat.count(removed?.members ?? 0),
                HumanFormat.bytes(removed?.contentBytes ?? 0),
                HumanFormat.bytes(removed?.storedBytes ?? 0),
                HumanFormat.count(added?.members ?? 0),
                HumanFormat.bytes(added?.contentBytes ?? 0),
                HumanFormat.bytes(added?.storedBytes ?? 0)
            )
        }
        for kind in Member.Kind.all {
            let (removed, added) = (comparison.removed[kind], comparison.added[kind])
            if removed != nil || added != nil { append(kind.rawValue, removed, added) }
        }
        append("all", comparison.allRemoved, comparison.allAdded)
        return table
    }

    private var modules: Table {
        var table = Table(
            .left("module"),
            .left("version"),
            .right("packages"),
            .right("removed"),
            .right("added"),
            .bar
        )
        let largest = comparison.modules.first?.storedBytes ?? 0
        for module in comparison.modules.prefix(top) {
            let name = module.path.isEmpty ? "(programs, and packages of no module here)" : module.path
            table.append(
                HumanFormat.printable(name),
                HumanFormat.printable(Self.versions(module)),
                "−\(HumanFormat.count(module.removedPackages.count)) "
                    + "+\(HumanFormat.count(module.addedPackages.count))",
                HumanFormat.bytes(module.removedStoredBytes),
                HumanFormat.bytes(module.addedStoredBytes),
                ExplanationView.bar(module.storedBytes, of: largest)
            )
        }
        return table
    }

    /// Returns the versions that changed, as `v1.0.0 → v1.1.0` where one version replaced another.
    static func versions(_ module: Diff.Report.Module) -> String {
        let (removed, added) = (module.removedVersions.map(\.version), module.addedVersions.map(\.version))
        if removed.count == 1, added.count == 1 {
            return removed == added ? "\(removed[0]), changed" : "\(removed[0]) → \(added[0])"
        }
        return (removed.map { "−\($0)" } + added.map { "+\($0)" }).joined(separator: " ")
    }

    private var packages: Table {
        var table = Table(
            .left("package"),
            .right("variants"),
            .detail("content removed"),
            .detail("added"),
            .right("stored removed"),
            .right("added"),
            .bar
        )
        let largest = comparison.packages.first?.storedBytes ?? 0
        for package in comparison.packages.prefix(top) {
            table.append(
                HumanFormat.printable(package.importPath),
                "−\(HumanFormat.count(package.removed.count)) +\(HumanFormat.count(package.added.count))",
                HumanFormat.bytes(package.removed.contentBytes),
                HumanFormat.bytes(package.added.contentBytes),
                HumanFormat.bytes(package.removed.storedBytes),
                HumanFormat.bytes(package.added.storedBytes),
                ExplanationView.bar(package.storedBytes, of: largest)
            )
        }
        return table
    }
}
