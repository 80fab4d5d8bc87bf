import SystemPackage

/// The report of a pack.
extension PackOperation {
    /// Reports on a pack.
    ///
    /// - Parameters:
    ///   - found: The facts about the pack.
    ///   - outcome: The members of the pack, and those that were written.
    ///   - totals: The figures of the archive.
    /// - Returns: The report.
    /// - Throws: ``CacheStoreError`` as the system says.
    func report(
        _ found: Findings,
        _ outcome: Outcome,
        _ totals: ArchiveTotals
    ) throws(CacheStoreError) -> Pack.Report {
        let assembly = found.assembly
        let leftOut = assembly.leftOut.sorted {
            ($0.path.string, $0.reason.rawValue) < ($1.path.string, $1.reason.rawValue)
        }
        let environment = outcome.whole.sources[0].environment
        let warnings = PackWarnings(
            options: options,
            caches: caches.paths,
            environment: environment,
            totals: ArchiveTotals(of: outcome.whole, fileBytes: 0),
            leftOut: leftOut,
            unused: (entries: assembly.unused, modules: assembly.unusedModules)
        ).all(sharingLabel: found.bases.first(withLabelOf: outcome.set.sources), zipped: found.zipped)
        let doubts =
            if let use = found.use {
                try UseWarnings(use: use, assembly: assembly, caches: caches.paths).all()
            } else {
                [Warning]()
            }
        return Pack.Report(
            digest: outcome.digest,
            environment: environment,
            totals: totals,
            excluded: outcome.excluded,
            covered: covered(outcome.part, apartFrom: totals),
            unread: assembly.unread(in: outcome.part),
            leftOut: leftOut,
            dropped: assembly.dropped,
            unused: assembly.unused,
            unusedModules: assembly.unusedModules,
            restoreTime: found.use?.restoreTime,
            warnings: warnings + doubts + outcome.warnings
        )
    }

    /// Returns the figures of the members that the bases have and that are not written.
    private func covered(
        _ part: MemberSet,
        apartFrom totals: ArchiveTotals
    ) -> [Member.Kind: ArchiveTotals.Tally] {
        guard !options.bases.isEmpty else { return [:] }
        var tallies = ArchiveTotals(of: part, fileBytes: 0).byKind
        for kind in tallies.keys {
            tallies[kind]? -= totals.byKind[kind] ?? .init()
            // The frames of these members are those of the bases.
            tallies[kind]?.storedBytes = 0
        }
        return tallies.filter { $0.value.members > 0 }
    }
}
