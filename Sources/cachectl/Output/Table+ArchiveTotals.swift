import CacheStore

extension Table {
    /// Returns the lines about a new archive: its figures by kind of member and by source, and its digest.
    static func archive(_ totals: ArchiveTotals, _ digest: ObjectID) -> [String] {
        kinds(totals).lines + [""] + sources(totals).lines + ["", "digest  \(digest)"]
    }

    /// Returns a table of figures that are known before content is compressed.
    ///
    /// - Parameters:
    ///   - heading: The heading of the first column.
    ///   - rows: The names of the rows and their figures.
    /// - Returns: The table.
    static func uncompressed(_ heading: String, _ rows: [(name: String, tally: ArchiveTotals.Tally)]) -> Table
    {
        var table = Table(.left(heading), .right("members"), .right("files"), .right("content"))
        for (name, tally) in rows {
            table.append(
                name,
                HumanFormat.count(tally.members),
                HumanFormat.count(tally.files),
                HumanFormat.bytes(tally.contentBytes)
            )
        }
        return table
    }

    /// Returns a table of the figures of an archive by kind of member.
    static func kinds(_ totals: ArchiveTotals) -> Table {
        var table = Table(
            .left("kind"),
            .right("members"),
            .right("files"),
            .right("content"),
            .right("stored")
        )
        for kind in Member.Kind.all {
            guard let tally = totals.byKind[kind], tally.members > 0 else { continue }
            table.append(kind.rawValue, tally)
        }
        table.append("all", totals.all)
        return table
    }

    /// Returns a table of the figures of GOCACHE by class of entry.
    static func classes(_ tallies: [EntryClass: ArchiveTotals.Tally]) -> Table {
        var table = Table(
            .left("class"),
            .right("members"),
            .right("files"),
            .right("content"),
            .right("stored")
        )
        for entryClass in EntryClass.ordered(tallies.keys) {
            table.append(entryClass.rawValue, tallies[entryClass])
        }
        return table
    }

    /// Returns a table of the figures of an archive by source.
    ///
    /// Each source has a row for all of its members and a row for the members that no other source holds. The
    /// last row is for the members that several sources hold.
    static func sources(_ totals: ArchiveTotals) -> Table {
        var table = Table(
            .left("source"),
            .right("members"),
            .right("files"),
            .right("content"),
            .right("stored")
        )
        for (label, tally) in totals.bySource.sorted(by: { $0.key < $1.key }) {
            table.append(label, tally)
            table.append("  only in it", totals.uniqueBySource[label])
        }
        table.append("in two or more", totals.shared)
        return table
    }

    private mutating func append(_ name: String, _ tally: ArchiveTotals.Tally?) {
        append(
            name,
            HumanFormat.count(tally?.members ?? 0),
            HumanFormat.count(tally?.files ?? 0),
            HumanFormat.bytes(tally?.contentBytes ?? 0),
            HumanFormat.bytes(tally?.storedBytes ?? 0)
        )
    }
}
