import SystemPackage

/// The report of a pack.
extension PackOperation {
    /// Reports on a pack.
    ///
    /// - Parameters:
    ///   - found: The facts about the pack.
    ///   - whole: All members of the pack.
    ///   - set: The members that the bases lack.
    ///   - digest: The digest of the archive.
    ///   - totals: The figures of the archive.
    /// - Returns: The report.
    /// - Throws: ``CacheStoreError`` as the system says.
    func report(
        _ found: Findings,
        _ whole: MemberSet,
        _ set: MemberSet,
        _ digest: ObjectID,
        _ totals: ArchiveTotals
    ) throws(CacheStoreError) -> Pack.Report {
        let assembly = found.assembly
        let leftOut = assembly.leftOut.sorted {
            ($0.path.string, $0.reason.rawValue) < ($1.path.string, $1.reason.rawValue)
        }
        let environment = whole.sources[0].environment
        let warnings = PackWarnings(
            options: options,
            caches: caches.paths,
            environment: environment,
            totals: totals,
            leftOut: leftOut,
            unused: (entries: assembly.unused, modules: assembly.unusedModules)
        ).all(sharingLabel: found.bases.first(withLabelOf: set.sources), zipped: found.zipped)
        let doubts =
            if let use = found.use {
                try UseWarnings(use: use, assembly: assembly, caches: caches.paths).all()
            } else {
                [Warning]()
            }
        return Pack.Report(
            digest: digest,
            environment: environment,
            totals: totals,
            covered: covered(whole, apartFrom: totals),
            unread: assembly.unread,
            leftOut: leftOut,
            dropped: assembly.dropped,
            unused: assembly.unused,
            unusedModules: assembly.unusedModules,
            restoreTime: found.use?.restoreTime,
            warnings: warnings + doubts
        )
    }

    /// Returns the figures of the members that the bases have and that are not written.
    private func covered(
        _ whole: MemberSet,
        apartFrom totals: ArchiveTotals
    ) -> [Member.Kind: ArchiveTotals.Tally] {
        guard !options.bases.isEmpty else { return [:] }
        var tallies = ArchiveTotals(of: whole, fileBytes: 0).byKind
        for kind in tallies.keys {
            tallies[kind]? -= totals.byKind[kind] ?? .init()
            // The frames of these members are those of the bases.
            tallies[kind]?.storedBytes = 0
        }
        return tallies.filter { $0.value.members > 0 }
    }
}
