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

    func run(_ writer: ArchiveWriter, jobs: Int?) async throws -> Repair.Report {
        let plan = try await RepairPlan(damaged, from: others, counters)
        let spares = SpareFrames(plan.holders, renamed: plan.renamed)
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
            let left = Dictionary(plan.chunksLeft.map { ($0.id, $0) }) { first, _ in first }
            let places = whole.chunks.map { record in
                // Frames of the damaged archive come before those of the archive whose index is used.
                left[record.id].map { FramePlace(input: plan.damagedInput, record: $0) } ?? taken[record.id]
                    ?? FramePlace(input: 0, record: record)
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
            let digest = set.digest
            let trailer = try writer.finish(set, digest: digest)
            let totals = ArchiveTotals(of: set, fileBytes: trailer.fileSize)
            let right = plan.base.trailer
            let isSame = (trailer.indexID, trailer.framesSize) == (right.indexID, right.framesSize)
            var report = report(plan, lost, whole, stated, places, digest, totals)
            report.isIdentical = report.isComplete && isSame && report.replaced.allSatisfy(\.hasSameBytes)
            if plan.isProven, let breach = verification.breaches.first {
                report.warnings.insert(rewritten(plan.base, breach), at: 0)
            }
            return report
        }
    }

    // MARK: - Members

    /// Returns the members of the new archive, and their chunks in the order of the frames.
    private func members(
        of whole: MemberSet,
        _ plan: RepairPlan,
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
        _ plan: RepairPlan,
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
        let replaced = places.filter { !plan.isDamaged($0.input) }.map { place in
            Repair.Report.Replacement(
                chunk: place.record.id,
                source: plan.holders[place.input].frames.path,
                offset: place.record.offset,
                hasSameBytes: original[place.record.id].map { place.record.isStored(as: $0) } ?? false
            )
        }
        let isComplete = lost.isEmpty && plan.isProven
        let warnings =
            plan.warnings + (plan.foreign.map { [warning(of: $0, plan)] } ?? [])
            + leftOut.map { $0.warning(in: plan.base.path) }
        return Repair.Report(
            digest: digest,
            statedDigest: plan.isDigestKnown ? stated : nil,
            totals: totals,
            replaced: replaced,
            leftOut: leftOut,
            lostChunks: lost.unusedChunks.count,
            foreignIndex: plan.foreign?.archive.path,
            unnamedChunks: plan.foreign?.unnamedChunks ?? 0,
            surplusBytes: plan.base.frames === plan.damagedFrames ? plan.found?.surplus ?? 0 : 0,
            isComplete: isComplete,
            isIdentical: false,
            warnings: warnings
        )
    }

    private func rewritten(_ archive: Archive, _ breach: CacheStoreError) -> Warning {
        Warning(
            code: .rewrittenIndex,
            message: "the index of `\(archive.path)` was written anew, because of a fault that harms no "
                + "member: \(breach.message)"
        )
    }

    private func warning(of foreign: ForeignIndex, _ plan: RepairPlan) -> Warning {
        let consequence =
            if foreign.isLostOne {
                "it is the same index, by its SHA-256"
            } else if foreign.appliesToAll {
                "\(places(of: foreign)) where that index has \(foreign.frames), but nothing proves that it "
                    + "is the lost one"
            } else {
                "only members whose content is left are taken from it, and nothing tells which others there "
                    + "were"
            }
        let unnamed =
            foreign.unnamedChunks == 0
            ? ""
            : ", and it does not name \(foreign.unnamedChunks) of the "
                + "\(foreign.namedChunks + foreign.unnamedChunks) chunks that are left"
        let loss =
            plan.found.map { found in
                "`\(damaged)` \(found.damage), and "
                    + (found.isInPlace ? "nothing proves its index" : "its index does not name what is left")
            } ?? "the index of `\(damaged)` is lost"
        return Warning(
            code: .foreignIndex,
            message: "\(loss), so that of `\(foreign.archive.path)` was used: "
                + consequence + unnamed,
            remedy: plan.mayBeCompressed ? .decompress : nil
        )
    }

    private func places(of foreign: ForeignIndex) -> String {
        foreign.framesInPlace == 1
            ? "the only frame that is left lies" : "all \(foreign.framesInPlace) frames that are left lie"
    }
}
