import SystemPackage

/// The members of a new archive in memory, laid out, and what is left out of the union.
///
/// A ``SelectionIndex`` is the same, but for the rows of GOCACHE, which it does not hold.
struct SelectionPlan: Sendable {
    /// The members, ready to be written: their chunks are in the order of the new archive.
    var set: MemberSet

    /// The members that are left out.
    let removal: MemberRemoval

    /// The rest of the report.
    let findings: SelectionFindings

    /// The frames of the inputs, in the order of the new archive.
    let places: [FramePlace]

    /// Applies filters to a union.
    ///
    /// - Parameters:
    ///   - union: The union of the archives.
    ///   - filters: The filters.
    ///   - names: The names of the compiled packages, if filters ask for them.
    ///   - path: The archive that is being made; scratch files without names lie beside it.
    ///   - check: Called from time to time; an error that it throws ends the work.
    /// - Throws: The error of `check`, or ``CacheStoreError``.
    init(
        of union: UnionIndex,
        _ filters: SelectionFilters,
        _ names: SelectionNames?,
        beside path: FilePath,
        check: () throws -> Void
    ) throws {
        let (whole, places) = try union.members()
        var selection = MemberSelection(whole)
        let warnings = try filters.apply(to: &selection, names, check: check)
        var cuts: [Select.Cut] = []
        if let limit = filters.maximumBytes, let names {
            (selection, cuts) = try SizeBudget(selection, names, check: check).cut(to: limit) { rest, limit in
                try check()
                let set = Self.layOut(rest, places).set
                // The index is written only if the frames leave room for it.
                let least = Trailer.indexOffset(after: set.frameBytes)
                return try least > limit ? least : Self.fileBytes(of: set, beside: path)
            }
        }
        try check()
        if filters.keepsAll {
            // A union also keeps chunks that no member uses.
            (set, self.places) = (whole, places)
        } else {
            let (rest, order) = Self.layOut(selection, places)
            (set, self.places) = (rest, order.map { places[$0] })
        }
        removal = MemberRemoval(of: whole, leaving: set)
        findings = SelectionFindings(
            removed: removal.figures,
            cuts: cuts,
            disagreements: union.disagreements,
            disputes: Self.disputes(union.disputes, in: set),
            warnings: warnings + [Warning(ofUse: whole.isOfUse, left: set.isOfUse)].compactMap(\.self)
        )
    }

    /// Returns what is left of disputes in a set.
    private static func disputes(_ disputes: [DisputedAction], in set: MemberSet) -> [DisputedAction] {
        var outputs = Dictionary(uniqueKeysWithValues: disputes.map { ($0.id, Set<ObjectID>()) })
        guard !outputs.isEmpty else { return [] }
        for action in set.actions { outputs[action.id]?.insert(action.output) }
        return disputes.left(outputs, among: set.sources)
    }

    private static func layOut(
        _ selection: MemberSelection,
        _ places: [FramePlace]
    ) -> (set: MemberSet, order: [ChunkNumber]) {
        let (set, order) = selection.result
        return (set.laidOut(order) { places[$0].record }, order)
    }

    /// Returns the length that the archive of a set has, in bytes.
    ///
    /// - Parameters:
    ///   - set: The members, laid out.
    ///   - path: The archive; a scratch file without a name lies beside it.
    /// - Returns: The length.
    /// - Throws: ``CacheStoreError``.
    /// - Complexity: O(*n*) in the members: the index is written.
    static func fileBytes(of set: MemberSet, beside path: FilePath) throws -> Int {
        // No digest is longer than another.
        try IndexWriter.write(set, digest: IndexFile.unknownDigest, beside: path).archiveBytes
    }
}

extension IndexFile {
    /// The length of the archive that the index is for, in bytes.
    var archiveBytes: Int {
        Trailer(
            version: version,
            framesSize: framesSize,
            indexSize: size,
            indexID: Self.unknownDigest
        ).fileSize
    }
}
