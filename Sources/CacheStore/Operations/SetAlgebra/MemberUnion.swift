import SystemPackage

/// The union of the members that are held in memory: all members except outputs and action entries.
///
/// The table ``frames`` holds the chunks of trees and zips, the chunks that no member uses, and the chunks of
/// outputs that have several chunks.
struct MemberUnion: Sendable {
    /// The members.
    ///
    /// The numbers of their chunks refer to ``frames``; the chunks are not laid out yet.
    private(set) var set = MemberSet()

    /// The chunks of the members, and the frame that is kept for each chunk.
    private(set) var frames: FrameTable

    /// For each input, the numbers in the union of the input's sets of sources.
    private(set) var sourceNumbers: [[SourceSetNumber]] = []

    /// The members on which inputs disagree.
    private(set) var disagreements = DisagreementList()

    private var sources: SourceTable

    /// Unites sets.
    ///
    /// - Parameters:
    ///   - inputs: The sets, each with the archive that it comes from, for messages.
    ///   - damaged: The frames that are known to be damaged.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/duplicateLabel``, or
    ///   ``CacheStoreError/Code/conflict`` if two sets hold different values where only one is allowed.
    init(
        _ inputs: [(path: FilePath, set: MemberSet)],
        avoiding damaged: Set<FramePlace>
    ) throws(CacheStoreError) {
        frames = FrameTable(avoiding: damaged)
        sources = try SourceTable(inputs)
        for (index, input) in inputs.enumerated() {
            do throws(CacheStoreError) {
                try add(input.set, from: index, path: input.path)
            } catch {
                throw error.naming(inputs.map { ("`\($0.path.shown)`", $0.set) })
            }
        }
        settleZips()
        (set.sources, set.sourceSets) = (sources.sources, sources.sets)
    }

    /// The members, to be merged with outputs and action entries.
    var merged: MergedMembers { MergedMembers(set: set, frames: frames, disagreements: disagreements) }

    // MARK: - Members

    /// Adds one input.
    ///
    /// All tables are ordered, so each table is merged in one pass.
    private mutating func add(_ input: MemberSet, from index: Int, path: FilePath) throws(CacheStoreError) {
        let numbers = sources.numbers(of: input)
        sourceNumbers.append(numbers)
        let other = frames.add(input, from: index).renumberingSources { numbers[$0] }
        set.trees = try merge(set.trees, other.trees, by: { $0.module < $1.module }) {
            (union, first, second) throws(CacheStoreError) in
            let manifests = [first, second].map { tree in
                tree.manifestID { union.frames.places[$0].record.id }
            }
            let relation = MemberRelation((first, manifests[0]), (second, manifests[1]))
            try relation.checkConflict(of: "tree \(first.module.text)", in: path)
            if relation != .same {
                let kept = manifests[relation.keepsFirst ? 0 : 1].description
                union.disagreements.note(.tree, first.module.text, manifests.map(\.description), kept: kept)
            }
            var kept = relation.keepsFirst ? first : second
            kept.sources = union.sources.sets.union(first.sources, second.sources)
            return kept
        }
        set.downloads = try merge(set.downloads, other.downloads, by: { $0.key < $1.key }) {
            (union, first, second) throws(CacheStoreError) in
            try union.unite(first, second, path)
        }
        set.checksumFiles = try merge(
            set.checksumFiles,
            other.checksumFiles,
            by: { $0.path.precedes($1.path) }
        ) { (union, first, second) throws(CacheStoreError) in
            let relation = MemberRelation(first, second)
            try relation.checkConflict(of: first.memberName, in: path)
            var kept = relation.keepsFirst ? first : second
            if relation != .same {
                let values = [first.value, second.value]
                union.disagreements.note(.checksum, first.path, values, kept: kept.value)
            }
            kept.sources = union.sources.sets.union(first.sources, second.sources)
            return kept
        }
    }

    private mutating func unite(
        _ first: MemberSet.Download,
        _ second: MemberSet.Download,
        _ path: FilePath
    ) throws(CacheStoreError) -> MemberSet.Download {
        let relation = MemberRelation(first, second)
        try relation.checkConflict(of: first.memberName, in: path)
        var kept = relation.keepsFirst ? first : second
        let (kind, name) = (first.kind.memberKind, first.module.text)
        if kept.content == .derived {
            // A zip that a tree makes is not a value that disagrees with a stored zip.
            disagreements.amend(kind, name, kept: kept.value)
        } else if relation != .same {
            disagreements.note(kind, name, [first.value, second.value], kept: kept.value)
        }
        kept.sources = sources.sets.union(first.sources, second.sources)
        return kept
    }

    /// Turns each zip that an input stores for lack of the tree into a zip that another input's tree makes.
    ///
    /// The sources that had only the zip then hold the tree too: when they are restored, the tree takes the
    /// place of their zip.
    private mutating func settleZips() {
        for index in set.downloads.indices where set.downloads[index].kind == .zip {
            guard let tree = set.treeIndex(of: set.downloads[index].module) else { continue }
            set.downloads[index].content = .derived
            disagreements.amend(
                .zip,
                set.downloads[index].module.text,
                kept: set.downloads[index].value
            )
            set.trees[tree].sources = sources.sets.union(
                set.trees[tree].sources,
                set.downloads[index].sources
            )
        }
    }

    /// Merges two lists that are ordered by key.
    private mutating func merge<Element>(
        _ first: [Element],
        _ second: [Element],
        by precedes: (Element, Element) -> Bool,
        unite: (inout MemberUnion, Element, Element) throws(CacheStoreError) -> Element
    ) throws(CacheStoreError) -> [Element] {
        guard !first.isEmpty else { return second }
        var result: [Element] = []
        result.reserveCapacity(first.count + second.count)
        var (left, right) = (0, 0)
        while left < first.count, right < second.count {
            if precedes(first[left], second[right]) {
                result.append(first[left])
                left += 1
            } else if precedes(second[right], first[left]) {
                result.append(second[right])
                right += 1
            } else {
                try result.append(unite(&self, first[left], second[right]))
                left += 1
                right += 1
            }
        }
        result += first[left...]
        result += second[right...]
        return result
    }
}
