import SystemPackage

/// The members that all of several sets have.
///
/// Where sets disagree on the value of a key, a union keeps the preferred value and an intersection keeps the
/// other one. Therefore, the members that only one set has and those that it has in common with the others
/// make up that set again. <doc:Design> states the rules.
///
/// All sets are in memory. They lack outputs and action entries: see ``ActionIntersection`` and
/// ``OutputMerge``.
struct MemberIntersection: Sendable {
    /// The members.
    ///
    /// The numbers of their chunks refer to ``frames``; the chunks are not laid out yet.
    private var set = MemberSet()

    /// The chunks of all sets.
    private var frames: FrameTable

    /// The members of the result on which sets disagree.
    private var disagreements = DisagreementList()

    /// The chunks that no member of any set uses and that all sets have.
    private var unusedChunks: Set<ChunkNumber> = []

    /// For each set, the numbers in the result of the set's sets of sources.
    private(set) var sourceNumbers: [[SourceSetNumber]] = []

    /// The positions of the sources that are in every set and hold no member in any of them.
    private(set) var idleSources: Set<Int>

    /// The members, to be merged with outputs and action entries.
    var merged: MergedMembers {
        MergedMembers(
            set: set,
            frames: frames,
            disagreements: disagreements,
            unusedChunks: unusedChunks.sorted { $0.index < $1.index }
        )
    }

    /// Intersects sets.
    ///
    /// - Parameters:
    ///   - inputs: The archives that have the sets, at least one.
    ///   - damaged: The frames that are known to be damaged.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/duplicateLabel``, or
    ///   ``CacheStoreError/Code/conflict`` if two sets hold different values where only one is allowed.
    init(
        _ inputs: [SetInput],
        avoiding damaged: Set<FramePlace>
    ) throws(CacheStoreError) {
        frames = FrameTable(avoiding: damaged)
        var table = try SourceTable(inputs.map { ($0.path, $0.set) })
        idleSources = Set(table.sources.indices)
        for (index, input) in inputs.enumerated() {
            let numbers = table.numbers(of: input.set)
            sourceNumbers.append(numbers)
            let other = frames.add(input.set, from: index).renumberingSources { numbers[$0] }
            let (holders, positions) = (input.holders, table.positions(of: input.set.sources))
            idleSources.formIntersection(
                positions.indices.filter { !holders.contains($0) }.map { positions[$0] }
            )
            let free = Set(input.unusedChunks.compactMap { frames.number(of: input.set.chunks[$0].id) })
            unusedChunks = index == 0 ? free : unusedChunks.intersection(free)
            guard index > 0 else {
                set = other
                continue
            }
            do throws(CacheStoreError) {
                try intersect(other, of: input.path, &table.sets)
            } catch {
                throw error.naming(inputs.map { ("`\($0.path.shown)`", $0.set) })
            }
        }
        set.chunks = frames.records
        (set.sources, set.sourceSets) = (table.sources, table.sets)
        if !disagreements.isEmpty { disagreements.keep(MemberListing(set).lazy.map(\.member)) }
    }

    // MARK: - Members

    /// Keeps the members that another set has as well.
    ///
    /// The chunks and the sets of sources of the other set must be numbered as in this set.
    private mutating func intersect(
        _ other: MemberSet,
        of path: FilePath,
        _ sets: inout SourceSets
    ) throws(CacheStoreError) {
        var (mine, other) = (set, other)
        (mine.chunks, other.chunks) = (frames.records, frames.records)
        set.trees = []
        for (first, second, relation) in mine.relatedTrees(other) {
            let pair = [mine.trees[first], other.trees[second]]
            try relation.checkConflict(of: "tree \(pair[0].module.text)", in: path)
            var kept = pair[relation.coversFirst ? 0 : 1]
            let values = pair.map { mine.manifestID(of: $0).description }
            note(.tree, kept.module.text, values, kept: mine.manifestID(of: kept).description, relation)
            kept.sources = sets.union(pair[0].sources, pair[1].sources)
            set.trees.append(kept)
        }
        set.downloads = []
        for (first, second, relation) in mine.relatedDownloads(other) {
            let pair = [mine.downloads[first], other.downloads[second]]
            try relation.checkConflict(of: pair[0].memberName, in: path)
            var kept = pair[relation.coversFirst ? 0 : 1]
            // A zip that a tree makes is not a value that disagrees with a stored zip.
            if !pair.contains(where: { $0.content == .derived }) {
                note(kept.kind.memberKind, kept.module.text, pair.map(\.value), kept: kept.value, relation)
            }
            kept.sources = sets.union(pair[0].sources, pair[1].sources)
            set.downloads.append(kept)
        }
        set.checksumFiles = []
        for (first, second, relation) in mine.relatedChecksumFiles(other) {
            let pair = [mine.checksumFiles[first], other.checksumFiles[second]]
            try relation.checkConflict(of: pair[0].memberName, in: path)
            var kept = pair[relation.coversFirst ? 0 : 1]
            note(.checksum, kept.path, pair.map(\.value), kept: kept.value, relation)
            kept.sources = sets.union(pair[0].sources, pair[1].sources)
            set.checksumFiles.append(kept)
        }
    }

    private mutating func note(
        _ kind: Member.Kind,
        _ name: String,
        _ values: [String],
        kept: String,
        _ relation: MemberRelation
    ) {
        if relation != .same { disagreements.note(kind, name, values, kept: kept) }
    }
}
