public import SystemPackage

extension Select {
    /// Finds out what a selection would keep and what would go, and writes no archive.
    ///
    /// - Parameters:
    ///   - inputs: The archives, at least one.
    ///   - path: The archive that would be written, if it has a name yet. Scratch files without names lie
    ///     beside it for a while, or else in the directory for temporary files.
    ///   - progress: Called with the progress of the work.
    /// - Returns: The report on the archive, and the packages and modules that would go. Damage of frames is
    ///   not noticed. A file that has the name already, and may not be replaced, is a warning.
    /// - Throws: The errors of ``run(_:to:progress:)``, except those of writing the archive.
    /// - Complexity: O(*n* log *n*) in the members of all inputs, and the time of an ``Explain``; memory as
    ///   of ``run(_:to:progress:)``, and for the names of all compiled packages.
    public func preview(
        _ inputs: [any ArchiveReference],
        to path: FilePath? = nil,
        progress: ProgressHandler? = nil
    ) async throws -> Preview {
        let (archives, filters) = try prepare(inputs)
        if let path { try filters.checkOutput(path) }
        let warnings = try Warning.preview(of: path, overwrite: options.overwrite)
        if let path { return try await preview(archives, filters, path, warnings, progress) }
        let unnamed = try TemporaryPlace.path(of: "preview")
        do {
            return try await preview(archives, filters, unnamed, warnings, progress)
        } catch let error as CacheStoreError where error.path == unnamed {
            // Nobody gave this name.
            guard error.code != .damagedCache else {
                throw CacheStoreError(error.code, error.message, member: error.member, remedy: error.remedy)
            }
            throw CacheStoreError(
                error.code,
                "cannot make a file in the directory for temporary files, which `TMPDIR` names",
                path: unnamed.removingLastComponent(),
                remedy: error.remedy,
                cause: error.cause
            )
        }
    }

    private func preview(
        _ archives: [Archive],
        _ filters: SelectionFilters,
        _ path: FilePath,
        _ warnings: [Warning],
        _ progress: ProgressHandler?
    ) async throws -> Preview {
        try await ProgressCounters.reporting(to: progress) { counters in
            // Unless a filter asks for a name, a run does not read the packages.
            let names = try await SelectionNames(
                in: archives,
                toleratesDamage: !filters.needsNames,
                jobs: options.jobs,
                counters
            )
            let (findings, parts, tables) =
                filters.needsMemory
                ? try await previewInMemory(archives, filters, names, path, counters)
                : try await previewByRows(archives, filters, names, path, counters)
            let disputes = try await named(findings.disputes, in: archives)
            return try await WorkerThreads.perform {
                Preview(
                    report: Report(findings, parts, of: archives, disputes, warnings),
                    packages: tables?.sortedPackages ?? [],
                    modules: tables?.sortedModules ?? [],
                    unknownPackages: tables?.unknown ?? 0
                )
            }
        }
    }

    /// The parts of a preview: what is found before an archive is written, the digest, figures and sources
    /// of the archive, and the members that would go.
    private typealias Parts = (
        SelectionFindings, (digest: ObjectID, totals: ArchiveTotals, sources: [Source]), ExplanationTables?
    )

    private func previewByRows(
        _ archives: [Archive],
        _ filters: SelectionFilters,
        _ names: SelectionNames,
        _ path: FilePath,
        _ counters: ProgressCounters
    ) async throws -> Parts {
        let index = try await index(
            archives,
            filters,
            names,
            listingRemoved: true,
            avoiding: [],
            beside: path,
            counters
        )
        var totals = index.merged.totals
        totals.fileBytes = index.merged.file.archiveBytes
        let parts = (index.merged.digest, totals, index.merged.comparableSources)
        return (index.findings, parts, index.tables)
    }

    private func previewInMemory(
        _ archives: [Archive],
        _ filters: SelectionFilters,
        _ names: SelectionNames,
        _ path: FilePath,
        _ counters: ProgressCounters
    ) async throws -> Parts {
        let plan = try await plan(archives, filters, names, avoiding: [], beside: path, counters)
        return try await WorkerThreads.perform {
            let bytes = try SelectionPlan.fileBytes(of: plan.set, beside: path)
            let totals = ArchiveTotals(of: plan.set, fileBytes: bytes)
            let parts = (plan.set.digest, totals, plan.set.comparableSources())
            return (plan.findings, parts, plan.removal.tables(names))
        }
    }
}
