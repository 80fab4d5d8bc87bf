import SystemPackage

/// One run of a ``Repair``.
///
/// The search for damage is that of ``Verify``, with the frames of the other files as spares. So a member is
/// damaged only if no file helps, and a tree or zip that is put together from several files is checked
/// against its hash like any other.
struct RepairOperation {
    let damaged: FilePath
    let others: [FilePath]
    /// The archive that is being made.
    let path: FilePath
    let threads: Int
    let counters: ProgressCounters

    /// The files of the repair.
    private struct Plan {
        /// The archive whose index is used; it comes first in ``holders``.
        var base: Archive
        var holders: [FrameHolder]
        var foreign: ForeignIndex?
        /// The chunks that are left of an archive that lost its index.
        var chunksLeft: [ChunkRecord] = []
    }

    func run(_ writer: ArchiveWriter, jobs: Int?) async throws -> Repair.Report {
        let source = try RepairSource(opening: damaged)
        let plan = try await plan(source, others.map { try RepairSource(opening: $0) })
        let spares = SpareFrames(plan.holders)
        let verification = try await VerifyOperation(
            plan.base,
            threads: threads,
            counters,
            spares: spares
        )
        // Rot does not change a digest that the index states: someone has made the archive so.
        if !verification.summary.isDigestRight { throw plan.base.wrongDigest }
        let lost = try await verification.find()
        if let error = lost.faults.first(where: { $0.code != .corruptArchive }) { throw error }
        let taken = spares.taken
        let (whole, stated, set, places, frames) = try await WorkerThreads.perform { [path] in
            let (whole, stated) = try plan.base.members()
            let (rest, order) = try members(of: whole, plan, without: lost)
            var places = whole.chunks.map { FramePlace(input: 0, record: $0) }
            for index in places.indices {
                if let spare = taken[places[index].record.id] { places[index] = spare }
            }
            let set = rest.laidOut(order) { places[$0].record }
            return (
                whole, stated, set, order.map { places[$0] },
                try FrameQueue(order.lazy.map { places[$0] }, beside: path)
            )
        }
        try await frames.copy(from: plan.holders.map(\.frames), to: writer, jobs: jobs, counters) {
            _,
            error,
            _ in
            throw error
        }
        counters.begin("writing the index", bytes: 0, items: 0)
        return try await WorkerThreads.perform {
            let (digest, totals) = try writer.finish(set)
            return report(plan, lost, whole, stated, places, digest, totals)
        }
    }

    // MARK: - Files

    private func plan(_ source: RepairSource, _ others: [RepairSource]) async throws -> Plan {
        if let archive = source.archive {
            var holders = [FrameHolder(archive)]
            for other in others { holders.append(try await other.holder(counters)) }
            return Plan(base: archive, holders: holders)
        }
        guard let fault = source.fault else { throw CacheStoreError(.io, "cannot be read", path: damaged) }
        let archives = others.compactMap(\.archive)
        // A file that is no archive at all has no frames either.
        let chunks: [ChunkRecord]
        do {
            chunks = try await source.chunks(counters)
        } catch let error as CacheStoreError where error.code == fault.code {
            guard let lost = source.indexID, archives.contains(where: { $0.trailer.indexID == lost }) else {
                throw error
            }
            chunks = []
        }
        let foreign = try await WorkerThreads.perform {
            try ForeignIndex.best(among: archives, naming: chunks, lost: source.indexID)
        }
        guard let foreign else {
            throw CacheStoreError(
                fault.code,
                "\(fault.message); \(chunks.count) chunks are left, and no other archive has an index that "
                    + "names one of them, so nothing tells which members they belong to",
                path: damaged,
                offset: fault.offset,
                remedy: .recoverIndex
            )
        }
        var holders = [FrameHolder(foreign.archive), FrameHolder(source.frames, found: chunks)]
        for other in others where other.archive?.frames !== foreign.archive.frames {
            holders.append(try await other.holder(counters))
        }
        return Plan(base: foreign.archive, holders: holders, foreign: foreign, chunksLeft: chunks)
    }

    // MARK: - Members

    /// Returns the members of the new archive, and their chunks in the order of the frames.
    private func members(
        of whole: MemberSet,
        _ plan: Plan,
        without lost: DamagedMembers
    ) throws -> (set: MemberSet, order: [ChunkNumber]) {
        let rest = whole.leavingOut(lost)
        guard let foreign = plan.foreign, !foreign.appliesToAll else {
            let unused = whole.unusedChunks.filter { lost.unusedChunks[whole.chunks[$0].id] == nil }
            return (rest, rest.frameOrder() + unused)
        }
        let proven = rest.keepingContent(in: Set(plan.chunksLeft.map(\.id)))
        return (proven.keepingSources(at: proven.holders), proven.frameOrder())
    }

    // MARK: - The report

    private func report(
        _ plan: Plan,
        _ lost: DamagedMembers,
        _ whole: MemberSet,
        _ stated: ObjectID,
        _ places: [FramePlace],
        _ digest: ObjectID,
        _ totals: ArchiveTotals
    ) -> Repair.Report {
        var entries: [ObjectID: Int] = [:]
        for action in whole.actions { entries[action.output, default: 0] += 1 }
        let counts = lost.outputs.keys.map { ($0, entries[whole.outputs[$0].id] ?? 0) }
        let leftOut = lost.list(entries: Dictionary(uniqueKeysWithValues: counts)) { whole.outputs[$0].id }
        let original = Dictionary(whole.chunks.map { ($0.id, $0) }) { first, _ in first }
        let replaced = places.filter { $0.input != 0 }.map { place in
            Repair.Report.Replacement(
                chunk: place.record.id,
                source: plan.holders[place.input].frames.path,
                offset: place.record.offset,
                hasSameBytes: original[place.record.id].map { place.record.isStored(as: $0) } ?? false
            )
        }
        let isComplete = lost.isEmpty && plan.foreign?.isLostOne ?? true
        var warnings = leftOut.map { $0.warning(in: plan.base.path) }
        if let foreign = plan.foreign { warnings.insert(warning(of: foreign), at: 0) }
        return Repair.Report(
            digest: digest,
            statedDigest: plan.foreign?.isLostOne ?? true ? stated : nil,
            totals: totals,
            replaced: replaced,
            leftOut: leftOut,
            lostChunks: lost.unusedChunks.count,
            foreignIndex: plan.foreign?.archive.path,
            unnamedChunks: plan.foreign?.unnamedChunks ?? 0,
            isComplete: isComplete,
            isIdentical: isComplete && replaced.allSatisfy(\.hasSameBytes),
            warnings: warnings
        )
    }

    private func warning(of foreign: ForeignIndex) -> Warning {
        let consequence =
            if foreign.isLostOne {
                "it is the same index, by its SHA-256"
            } else if foreign.appliesToAll {
                "all frames that are left lie where that index has them, but nothing proves that it is the "
                    + "lost one"
            } else {
                "only members whose content is left are taken from it, and nothing tells which others there "
                    + "were"
            }
        let unnamed =
            foreign.unnamedChunks == 0
            ? "" : ", and it does not name \(foreign.unnamedChunks) of the chunks that are left"
        return Warning(
            code: .foreignIndex,
            message: "the index of `\(damaged)` is lost, so that of `\(foreign.archive.path)` was used: "
                + consequence + unnamed
        )
    }
}
