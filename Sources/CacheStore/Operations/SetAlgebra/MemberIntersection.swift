import SystemPackage

/// The members that all of several sets have.
///
/// Where sets disagree on the value of a key, a union keeps the preferred value and an intersection keeps the
/// other one. Therefore, the members that only one set has and those that it has in common with the others
/// make up that set again. <doc:Design> states the rules.
///
/// All sets are in memory.
struct MemberIntersection: Sendable {
    /// The members.
    ///
    /// The numbers of their chunks refer to ``frames``; the chunks are not laid out yet.
    private(set) var set = MemberSet()

    /// The chunks of all sets.
    private(set) var frames: FrameTable

    /// The chunks that are left, in the order of the frames.
    private(set) var order: [ChunkNumber] = []

    /// The members of the result on which sets disagree.
    private(set) var disagreements = DisagreementList()

    /// Intersects sets.
    ///
    /// - Parameters:
    ///   - inputs: The sets, at least one, each with the archive that it comes from, for messages.
    ///   - damaged: The frames that are known to be damaged.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/duplicateLabel``, or
    ///   ``CacheStoreError/Code/conflict`` if two sets hold different values where only one is allowed.
    init(
        _ inputs: [(path: FilePath, set: MemberSet)],
        avoiding damaged: Set<FramePlace>
    ) throws(CacheStoreError) {
        frames = FrameTable(avoiding: damaged)
        var table = try SourceTable(inputs)
        // A source that holds no member stays if it is in every set and holds no member in any of them. The
        // same is true of a chunk that no member uses.
        var idle = Set(table.sources.indices)
        var unused: Set<ChunkNumber> = []
        for (index, input) in inputs.enumerated() {
            let numbers = table.numbers(of: input.set)
            let other = frames.add(input.set, from: index).renumberingSources { numbers[$0] }
            let (holders, positions) = (input.set.holders, table.positions(of: input.set.sources))
            idle.formIntersection(positions.indices.filter { !holders.contains($0) }.map { positions[$0] })
            let free = Set(input.set.unusedChunks.compactMap { frames.number(of: input.set.chunks[$0].id) })
            unused = index == 0 ? free : unused.intersection(free)
            guard index > 0 else {
                set = other
                continue
            }
            do throws(CacheStoreError) {
                try intersect(other, of: input.path, &table.sets)
            } catch {
                throw error.naming(inputs.map { ("`\($0.path)`", $0.set) })
            }
        }
        set.chunks = frames.records
        (set.sources, set.sourceSets) = (table.sources, table.sets)
        set.dropUnreferredOutputs()
        order = set.frameOrder()
        order += unused.subtracting(order).sorted { set.chunks[$0].id < set.chunks[$1].id }
        set = set.keepingSources(at: set.holders.union(idle))
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
        set.actions = MemberSet.common(mine.actions, other.actions) { $0.key < $1.key }
            .map { first, second in
                var kept = mine.actions[first]
                kept.sources = sets.union(kept.sources, other.actions[second].sources)
                return kept
            }
        set.outputs = mine.relatedOutputs(other).map { first, second, relation in
            let pair = [mine.outputs[first], other.outputs[second]]
            var kept = pair[relation.coversFirst ? 0 : 1]
            note(.output, kept.id.description, pair.map(\.form), kept: kept.form, relation)
            kept.contentClass = MemberRelation.preferred(pair[0].contentClass, pair[1].contentClass)
            return kept
        }
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
