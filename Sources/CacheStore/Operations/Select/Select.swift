import FoundationEssentials
public import SystemPackage

/// An operation that unites archives and keeps some of the members of the union.
///
/// The inputs are united as by ``Union``, and then each filter of the options only removes members. Without a
/// filter, the result is the union, byte for byte. The order of inputs and filters does not matter, nor does
/// repeating one. Selecting again from the result changes nothing. No content is decoded, except as far as
/// needed to find the names of compiled packages, where filters ask for those: frames are copied as they are
/// stored, and each frame is checked before it is written. With ``Options/level``, all content of the result
/// is decoded, checked and compressed again; the digest stays the same.
public struct Select: Sendable {
    /// The options of the selection.
    public var options: Options

    /// Creates a selection.
    public init(options: Options = Options()) { self.options = options }

    /// Writes the members of archives that the filters keep.
    ///
    /// - Parameters:
    ///   - inputs: The archives, at least one.
    ///   - path: The new archive. It appears under this name only when it is complete; it may be one of the
    ///     inputs, but none of ``Options/heldIn``.
    ///   - progress: Called with the progress of the work.
    /// - Returns: A report on the archive that was written.
    /// - Throws: ``CacheStoreError`` (the errors of ``Union/run(_:to:progress:)``, or
    ///   ``CacheStoreError/Code/badArgument`` for options that contradict each other or name no source), or
    ///   `CancellationError` if the task was cancelled.
    /// - Complexity: O(*n* log *n*) in the members of all inputs, and O(*n*) in the stored bytes of the
    ///   result; memory for the members of GOMODCACHE, some 40 bytes per output and a run of frames per
    ///   thread. Patterns and logs of use also take the time of an ``Explain``, and memory for the names of
    ///   all compiled packages. With a limit of the size or a level, all members of the union are in memory.
    ///   With a level, the time is that of compressing all content, and each thread takes some 100 MiB at
    ///   high levels.
    @discardableResult
    public func run(
        _ inputs: [any ArchiveReference],
        to path: FilePath,
        progress: ProgressHandler? = nil
    ) async throws -> Report {
        let (archives, filters) = try prepare(inputs)
        try filters.checkOutput(path)
        if options.keepsAll, options.level == nil { return try await unite(archives, to: path, progress) }
        return try await ArchiveWriter.writing(to: path, overwrite: options.overwrite, progress) {
            writer,
            counters in
            try await run(archives, filters, to: writer, path, counters)
        }
    }

    /// Writes the union, because no filter is set.
    private func unite(
        _ archives: [Archive],
        to path: FilePath,
        _ progress: ProgressHandler?
    ) async throws -> Report {
        var setOptions = SetOptions()
        (setOptions.overwrite, setOptions.jobs) = (options.overwrite, options.jobs)
        let report = try await Union(options: setOptions).run(archives, to: path, progress: progress)
        return Report(
            digest: report.digest,
            totals: report.totals,
            removed: Removal(),
            cuts: [],
            inputs: report.inputs,
            inputBytes: report.inputBytes,
            disagreements: report.disagreements,
            disputes: report.disputes,
            warnings: report.warnings
        )
    }

    /// Checks the options, and opens the archives.
    func prepare(_ inputs: [any ArchiveReference]) throws -> ([Archive], SelectionFilters) {
        try options.check()
        guard !inputs.isEmpty else {
            throw CacheStoreError(.badArgument, "there is no archive to select from")
        }
        return (try inputs.opened(), try SelectionFilters(options))
    }

    private func run(
        _ archives: [Archive],
        _ filters: SelectionFilters,
        to writer: ArchiveWriter,
        _ path: FilePath,
        _ counters: ProgressCounters
    ) async throws -> Report {
        let names =
            filters.needsNames ? try await SelectionNames(in: archives, jobs: options.jobs, counters) : nil
        if !filters.needsMemory, options.level == nil {
            return try await runByRows(archives, filters, names, to: writer, path, counters)
        }
        var mending = FrameMending(archives)
        let plan: SelectionPlan
        var growth: Warning?
        if let level = options.level {
            let stored = try await self.plan(archives, filters, names, avoiding: [], beside: path, counters)
            plan = try await compressed(stored, level: level, &mending, to: writer, counters)
            growth = Warning(from: stored.set.frameBytes, to: plan.set.frameBytes, level: level)
        } else {
            plan = try await mending.copy(to: writer, jobs: options.jobs, counters) { damaged in
                let damaged = Set(damaged.keys)
                let plan = try await self.plan(
                    archives,
                    filters,
                    names,
                    avoiding: damaged,
                    beside: path,
                    counters
                )
                return (plan, try await WorkerThreads.perform { try FrameQueue(plan.places, beside: path) })
            }
        }
        let disputes = try await named(plan.findings.disputes, in: archives)
        counters.begin("writing the index", bytes: 0, items: 0)
        return try await WorkerThreads.perform { [mending, growth] in
            let warnings = try mending.warnings() + [growth].compactMap(\.self)
            let (digest, totals) = try writer.finish(plan.set)
            let sources = plan.set.comparableSources()
            return Report(plan.findings, (digest, totals, sources), of: archives, disputes, warnings)
        }
    }

    /// Writes a selection that needs no member in memory to choose others.
    private func runByRows(
        _ archives: [Archive],
        _ filters: SelectionFilters,
        _ names: SelectionNames?,
        to writer: ArchiveWriter,
        _ path: FilePath,
        _ counters: ProgressCounters
    ) async throws -> Report {
        var mending = FrameMending(archives)
        let index = try await mending.copy(to: writer, jobs: options.jobs, counters) { damaged in
            let damaged = Set(damaged.keys)
            let index = try await self.index(
                archives,
                filters,
                names,
                avoiding: damaged,
                beside: path,
                counters
            )
            return (index, index.merged.copies)
        }
        let disputes = try await named(index.findings.disputes, in: archives)
        counters.begin("writing the index", bytes: 0, items: 0)
        return try await WorkerThreads.perform { [mending] in
            let warnings = try mending.warnings()
            let merged = index.merged
            var totals = merged.totals
            totals.fileBytes = try writer.finish(merged.file).fileSize
            let parts = (merged.digest, totals, merged.comparableSources)
            return Report(index.findings, parts, of: archives, disputes, warnings)
        }
    }

    /// Unites archives, and applies the filters to the rows of the union.
    func index(
        _ archives: [Archive],
        _ filters: SelectionFilters,
        _ names: SelectionNames?,
        listingRemoved listsRemoved: Bool = false,
        avoiding damaged: Set<FramePlace>,
        beside path: FilePath,
        _ counters: ProgressCounters
    ) async throws -> SelectionIndex {
        try await uniting(archives, avoiding: damaged, beside: path, counters) { union, check in
            try SelectionIndex(
                of: union,
                filters,
                names,
                listingRemoved: listsRemoved,
                beside: path,
                check: check
            )
        }
    }

    /// Returns disputes with the names of their packages.
    func named(
        _ disputes: [DisputedAction],
        in archives: [Archive]
    ) async throws -> [ActionDispute] {
        try await WorkerThreads.performCancellable { cancellation in
            try DisputeNames(archives: archives).named(disputes) { try cancellation.check() }
        }
    }

    /// Unites archives, and applies the filters to members in memory.
    func plan(
        _ archives: [Archive],
        _ filters: SelectionFilters,
        _ names: SelectionNames?,
        avoiding damaged: Set<FramePlace>,
        beside path: FilePath,
        _ counters: ProgressCounters
    ) async throws -> SelectionPlan {
        try await uniting(archives, avoiding: damaged, beside: path, counters) { union, check in
            try SelectionPlan(of: union, filters, names, beside: path, check: check)
        }
    }

    /// Unites the indexes of archives, and returns what `body` makes of the union.
    ///
    /// - Parameters:
    ///   - archives: The archives.
    ///   - damaged: The frames that are known to be damaged.
    ///   - path: The archive that is being made; scratch files without names lie beside it.
    ///   - counters: The progress of the work.
    ///   - body: Called with the union, and with a function that ends the work if the task was cancelled.
    /// - Returns: The result of `body`.
    /// - Throws: The error of `body`, ``CacheStoreError``, or `CancellationError` if the task was cancelled.
    private func uniting<Result: Sendable>(
        _ archives: [Archive],
        avoiding damaged: Set<FramePlace>,
        beside path: FilePath,
        _ counters: ProgressCounters,
        _ body: @escaping @Sendable (UnionIndex, () throws -> Void) throws -> Result
    ) async throws -> Result {
        counters.begin("reading indexes", bytes: 0, items: archives.count)
        return try await WorkerThreads.performCancellable { cancellation in
            let check = { try cancellation.check() }
            let union = try UnionIndex(
                of: archives,
                policy: .keep,
                avoiding: damaged,
                beside: path,
                check: check
            ) {
                counters.add(bytes: 0)
            }
            try check()
            return try body(union, check)
        }
    }

    /// Writes the frames of a plan, compressed again, and returns the plan with their places.
    private func compressed(
        _ plan: SelectionPlan,
        level: Int,
        _ mending: inout FrameMending,
        to writer: ArchiveWriter,
        _ counters: ProgressCounters
    ) async throws -> SelectionPlan {
        let threads = WorkerThreads.count(for: options.jobs)
        var plan = plan
        plan.set.chunks = try await mending.compress(
            plan.places,
            FrameCompression(level: level, threads: threads),
            to: writer,
            counters
        )
        return plan
    }
}

extension Select.Report {
    /// Creates the report of a selection.
    ///
    /// - Parameters:
    ///   - findings: The parts that are known before the archive is written.
    ///   - archive: The digest and the figures of the archive, and its sources as they are compared.
    ///   - archives: The inputs.
    ///   - disputes: The disputes that stay, with their packages.
    ///   - warnings: Further warnings.
    init(
        _ findings: SelectionFindings,
        _ archive: (digest: ObjectID, totals: ArchiveTotals, sources: [Source]),
        of archives: [Archive],
        _ disputes: [ActionDispute],
        _ warnings: [Warning]
    ) {
        self.init(
            digest: archive.digest,
            totals: archive.totals,
            removed: findings.removed,
            cuts: findings.cuts,
            inputs: archives.count,
            inputBytes: archives.reduce(0) { $0 + $1.fileBytes },
            disagreements: findings.disagreements,
            disputes: disputes,
            warnings: warnings + findings.warnings
                + Compatibility.warnings(among: archive.sources)
        )
    }
}
