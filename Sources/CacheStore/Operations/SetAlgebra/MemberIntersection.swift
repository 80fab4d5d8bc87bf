import SystemPackage

/// The members that all of several sets have.
///
/// Where sets hold a key with different values, and a union keeps the one that is preferred, an intersection has the
/// one that is least so: then what a set has alone and what it has in common make up the set again. <doc:Design>
/// states the rules.
///
/// All sets are in memory.
struct MemberIntersection: Sendable {
    /// The members; their chunks are numbers into ``frames``, and not laid out yet.
    private(set) var set = MemberSet()

    /// The chunks of all sets.
    private(set) var frames = FrameTable()

    /// The numbers of the chunks that are left, in the order of their frames.
    private(set) var order: [UInt32] = []

    private var disagreements: [Key: (kept: String, all: Set<String>)] = [:]

    private struct Key: Hashable {
        var kind: Member.Kind
        var name: String
    }

    /// Intersects sets.
    ///
    /// - Parameter inputs: The sets, at least one, each with the archive it is from, for messages.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/duplicateLabel``, or
    ///   ``CacheStoreError/Code/conflict`` where two hold different values of what can have but one.
    init(_ inputs: [(path: FilePath, set: MemberSet)]) throws(CacheStoreError) {
        let sources = try Self.sources(of: inputs)
        let positions = Dictionary(uniqueKeysWithValues: sources.enumerated().map { ($1.label, $0) })
        var sets = SourceSets()
        // Sources that hold no member, and chunks that no member uses: those that are such in every set.
        var idle = Set(sources.indices)
        var unused: Set<UInt32> = []
        for (index, input) in inputs.enumerated() {
            let labels = input.set.sources.map { positions[$0.label] ?? 0 }
            // Both lists of sources are ordered by label, so an ascending set stays ascending.
            let numbers = input.set.sourceSets.sets.map { list in sets.number(of: list.map { labels[$0] }) }
            let other = frames.add(input.set, from: index).renumberingSources { numbers[Int($0)] }
            let holders = input.set.holders
            idle.formIntersection(
                input.set.sources.indices.filter { !holders.contains($0) }.map { labels[$0] }
            )
            let free = Set(
                input.set.unusedChunks.compactMap { frames.number(of: input.set.chunks[Int($0)].id) }
            )
            unused = index == 0 ? free : unused.intersection(free)
            if index == 0 { set = other } else { try intersect(other, of: input.path, &sets) }
        }
        set.chunks = frames.places.map(\.record)
        (set.sources, set.sourceSets) = (sources, sets)
        set.dropUnreferredOutputs()
        order = set.frameOrder()
        order += unused.subtracting(order).sorted { set.chunks[Int($0)].id < set.chunks[Int($1)].id }
        set = set.keepingSources(at: set.holders.union(idle))
    }

    /// The members of the result on which sets disagree, ordered by kind and name.
    var conflicts: [UnionReport.Conflict] {
        guard !disagreements.isEmpty else { return [] }
        var result: [UnionReport.Conflict] = []
        set.forEachMember { member, _, _ in
            guard let (kept, all) = disagreements[Key(kind: member.kind, name: member.name)] else { return }
            result.append(
                UnionReport.Conflict(
                    kind: member.kind,
                    name: member.name,
                    kept: kept,
                    dropped: all.subtracting([kept]).sorted { $0.precedes($1) }
                )
            )
        }
        return result.sorted { ($0.kind.rawValue, $0.name) < ($1.kind.rawValue, $1.name) }
    }

    /// The sources of all sets, ordered by label.
    private static func sources(
        of inputs: [(path: FilePath, set: MemberSet)]
    ) throws(CacheStoreError) -> [Source] {
        var found: [String: (source: Source, path: FilePath)] = [:]
        for (path, set) in inputs {
            for source in set.sources {
                if let other = found[source.label], other.source != source {
                    throw CacheStoreError(
                        .duplicateLabel,
                        "two different packs are labelled `\(source.label)`; the other is in `\(other.path)`",
                        path: path,
                        hint: "give each pack its own --label"
                    )
                }
                found[source.label] = (source, path)
            }
        }
        return found.values.map(\.source).sorted { $0.label.precedes($1.label) }
    }

    // MARK: - Members

    /// Keeps what another set has as well; its chunks and sets of sources are numbered as here.
    private mutating func intersect(
        _ other: MemberSet,
        of path: FilePath,
        _ sets: inout SourceSets
    ) throws(CacheStoreError) {
        let mine = set
        set.actions = MemberSet.common(mine.actions, other.actions) { $0.key < $1.key }
            .map { first, second in
                var kept = mine.actions[first]
                kept.sources = sets.union(kept.sources, other.actions[second].sources)
                return kept
            }
        set.outputs = MemberSet.common(mine.outputs, other.outputs) { $0.id < $1.id }
            .map { first, second in output(mine.outputs[first], other.outputs[second]) }
        set.trees = []
        for (first, second) in MemberSet.common(mine.trees, other.trees, precedes: { $0.module < $1.module })
        {
            set.trees.append(try tree(mine.trees[first], other.trees[second], path, &sets))
        }
        set.downloads = []
        let downloads = MemberSet.common(mine.downloads, other.downloads) {
            ($0.module, $0.kind) < ($1.module, $1.kind)
        }
        for (first, second) in downloads {
            set.downloads.append(try download(mine.downloads[first], other.downloads[second], path, &sets))
        }
        set.checksumFiles = []
        let files = MemberSet.common(mine.checksumFiles, other.checksumFiles) { $0.path.precedes($1.path) }
        for (first, second) in files {
            set.checksumFiles.append(
                try checksumFile(mine.checksumFiles[first], other.checksumFiles[second], path, &sets)
            )
        }
    }

    private mutating func output(_ first: MemberSet.Output, _ second: MemberSet.Output) -> MemberSet.Output {
        let isFirst = !ConflictRule.keepsFirst(first, second)
        var kept = isFirst ? first : second
        if first.executable != second.executable {
            note(.output, first.id.description, [Self.text(first), Self.text(second)], keepsFirst: isFirst)
        }
        kept.contentClass = ConflictRule.keptClass(first.contentClass, second.contentClass)
        return kept
    }

    private mutating func tree(
        _ first: MemberSet.Tree,
        _ second: MemberSet.Tree,
        _ path: FilePath,
        _ sets: inout SourceSets
    ) throws(CacheStoreError) -> MemberSet.Tree {
        guard first.h1 == second.h1 else { throw .alarm("tree \(first.module.text)", path) }
        let manifests = [first, second].map { frames.places[Int($0.manifest)].record.id }
        let isFirst = !ConflictRule.keepsFirst((first, manifests[0]), (second, manifests[1]))
        if manifests[0] != manifests[1] {
            note(.tree, first.module.text, manifests.map(\.description), keepsFirst: isFirst)
        }
        var kept = isFirst ? first : second
        kept.sources = sets.union(first.sources, second.sources)
        return kept
    }

    private mutating func download(
        _ first: MemberSet.Download,
        _ second: MemberSet.Download,
        _ path: FilePath,
        _ sets: inout SourceSets
    ) throws(CacheStoreError) -> MemberSet.Download {
        let name = first.module.text
        let isFirst: Bool
        switch (first.content, second.content) {
        case (.bytes(let one), .bytes(let other)):
            isFirst = !ConflictRule.keepsFirst(one, other)
            if one != other {
                guard first.kind == .info else { throw .alarm("\(first.kind.rawValue) \(name)", path) }
                note(.info, name, [Self.text(one), Self.text(other)], keepsFirst: isFirst)
            }
        case (.stored(let one, _, _), .stored(let other, _, _)):
            isFirst = other <= one
            if one != other {
                note(.zip, name, [one.description, other.description], keepsFirst: isFirst)
            }
        case (.derived, _): isFirst = second.content == .derived
        default: isFirst = true
        }
        var kept = isFirst ? first : second
        kept.sources = sets.union(first.sources, second.sources)
        return kept
    }

    private mutating func checksumFile(
        _ first: MemberSet.ChecksumFile,
        _ second: MemberSet.ChecksumFile,
        _ path: FilePath,
        _ sets: inout SourceSets
    ) throws(CacheStoreError) -> MemberSet.ChecksumFile {
        let isFirst = !ConflictRule.keepsFirst(first.bytes, second.bytes)
        if first.bytes != second.bytes {
            guard first.path.contains("/lookup/") else { throw .alarm("checksum \(first.path)", path) }
            note(
                .checksum,
                first.path,
                [Self.text(first.bytes), Self.text(second.bytes)],
                keepsFirst: isFirst
            )
        }
        var kept = isFirst ? first : second
        kept.sources = sets.union(first.sources, second.sources)
        return kept
    }

    // MARK: - Disagreements

    private mutating func note(_ kind: Member.Kind, _ name: String, _ values: [String], keepsFirst: Bool) {
        let all = disagreements[Key(kind: kind, name: name)]?.all ?? []
        disagreements[Key(kind: kind, name: name)] = (values[keepsFirst ? 0 : 1], all.union(values))
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    private static func text(_ output: MemberSet.Output) -> String {
        output.executable.map { "a directory with `\($0)`" } ?? "a file"
    }
}
