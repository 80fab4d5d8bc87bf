import SystemPackage

/// The union of what is held in memory of member sets: all but outputs and action entries, and of the chunks those that do
/// more than to be some output's only one.
struct MemberUnion: Sendable {
    /// The members; their chunks are not laid out yet.
    private(set) var set = MemberSet()

    /// For each chunk of ``set``, the frame that is kept.
    private(set) var places: [FramePlace] = []

    /// For each input, what its sets of sources have become.
    private(set) var sourceNumbers: [[Int32]] = []

    private(set) var conflicts = ConflictList()
    private var numbers: [ObjectID: UInt32] = [:]

    /// Unites sets.
    ///
    /// - Parameter inputs: The sets, each with the archive it is from, for messages.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/duplicateLabel``, or
    ///   ``CacheStoreError/Code/conflict`` where two hold different values of what can have but one.
    init(_ inputs: [(path: FilePath, set: MemberSet)]) throws(CacheStoreError) {
        try uniteSources(inputs)
        for (index, input) in inputs.enumerated() { try add(input.set, from: index, path: input.path) }
        settleZips()
        var noted = conflicts
        noted.settle { keptValue($0) }
        conflicts = noted
    }

    // MARK: - Sources

    private mutating func uniteSources(
        _ inputs: [(path: FilePath, set: MemberSet)]
    ) throws(CacheStoreError) {
        var found: [String: (source: Source, path: FilePath)] = [:]
        for (path, set) in inputs {
            for source in set.sources {
                guard let other = found[source.label] else {
                    found[source.label] = (source, path)
                    continue
                }
                guard other.source == source else {
                    throw CacheStoreError(
                        .duplicateLabel,
                        "two different packs are labelled `\(source.label)`; the other is in `\(other.path)`",
                        path: path,
                        hint: "give each pack its own --label"
                    )
                }
            }
        }
        set.sources = found.values.map(\.source).sorted { $0.label.precedes($1.label) }
    }

    // MARK: - Members

    /// Adds one input; all tables are ordered, so each is merged in one pass.
    private mutating func add(_ input: MemberSet, from index: Int, path: FilePath) throws(CacheStoreError) {
        var input = input
        renumberSources(&input)
        renumberChunks(&input, from: index)
        var sets = set.sourceSets
        set.trees = try merge(set.trees, input.trees, key: { $0.module }) {
            (first, second) throws(CacheStoreError) in
            guard first.h1 == second.h1 else { throw Self.alarm("tree \(first.module.text)", path) }
            let manifests = (places[Int(first.manifest)].record.id, places[Int(second.manifest)].record.id)
            if manifests.0 != manifests.1 {
                note(.tree, first.module.text, [manifests.0.description, manifests.1.description])
            }
            var kept = ConflictRule.keepsFirst((first, manifests.0), (second, manifests.1)) ? first : second
            kept.sources = sets.union(first.sources, second.sources)
            return kept
        }
        set.downloads = try merge(set.downloads, input.downloads, key: { DownloadKey($0) }) {
            (first, second) throws(CacheStoreError) in
            var kept = try unite(first, second, path)
            kept.sources = sets.union(first.sources, second.sources)
            return kept
        }
        set.checksumFiles = try merge(set.checksumFiles, input.checksumFiles, key: { PathKey(path: $0.path) })
        {
            (first, second) throws(CacheStoreError) in
            if first.bytes != second.bytes {
                guard first.path.contains("/lookup/") else {
                    throw Self.alarm("checksum \(first.path)", path)
                }
                note(.checksum, first.path, [Self.text(first.bytes), Self.text(second.bytes)])
            }
            var kept = ConflictRule.keepsFirst(first.bytes, second.bytes) ? first : second
            kept.sources = sets.union(first.sources, second.sources)
            return kept
        }
        set.sourceSets = sets
    }

    private struct DownloadKey: Comparable {
        let module: ModuleKey
        let kind: MemberSet.DownloadKind

        init(_ download: MemberSet.Download) { (module, kind) = (download.module, download.kind) }

        static func < (lhs: Self, rhs: Self) -> Bool { (lhs.module, lhs.kind) < (rhs.module, rhs.kind) }
    }

    private struct PathKey: Comparable {
        let path: String

        static func < (lhs: Self, rhs: Self) -> Bool { lhs.path.precedes(rhs.path) }
    }

    private mutating func unite(
        _ first: MemberSet.Download,
        _ second: MemberSet.Download,
        _ path: FilePath
    ) throws(CacheStoreError) -> MemberSet.Download {
        let member = "\(first.kind.rawValue) \(first.module.text)"
        switch (first.content, second.content) {
        case (.bytes(let one), .bytes(let other)):
            guard one != other else { return first }
            guard first.kind == .info else { throw Self.alarm(member, path) }
            note(.info, first.module.text, [Self.text(one), Self.text(other)])
            return ConflictRule.keepsFirst(one, other) ? first : second
        case (.derived, _): return first
        case (_, .derived): return second
        case (.stored(let one, _, _), .stored(let other, _, _)):
            if one != other { note(.zip, first.module.text, [one.description, other.description]) }
            return one <= other ? first : second
        case (.bytes, .stored), (.stored, .bytes): throw Self.alarm(member, path)
        }
    }

    /// A zip that is kept in one input for want of a tree is made from the tree that another has.
    ///
    /// Then the tree is also those sources' that had the zip alone: restored for them, it stands for their zip.
    private mutating func settleZips() {
        var sets = set.sourceSets
        for index in set.downloads.indices where set.downloads[index].kind == .zip {
            guard let tree = set.treeIndex(of: set.downloads[index].module) else { continue }
            set.downloads[index].content = .derived
            set.trees[tree].sources = sets.union(set.trees[tree].sources, set.downloads[index].sources)
        }
        set.sourceSets = sets
    }

    /// Merges two lists that are ordered by key.
    private func merge<Element, Key: Comparable>(
        _ first: [Element],
        _ second: [Element],
        key: (Element) -> Key,
        unite: (Element, Element) throws(CacheStoreError) -> Element
    ) throws(CacheStoreError) -> [Element] {
        guard !first.isEmpty else { return second }
        var result: [Element] = []
        result.reserveCapacity(first.count + second.count)
        var (left, right) = (0, 0)
        while left < first.count, right < second.count {
            let (leftKey, rightKey) = (key(first[left]), key(second[right]))
            if leftKey < rightKey {
                result.append(first[left])
                left += 1
            } else if rightKey < leftKey {
                result.append(second[right])
                right += 1
            } else {
                try result.append(unite(first[left], second[right]))
                left += 1
                right += 1
            }
        }
        result += first[left...]
        result += second[right...]
        return result
    }

    // MARK: - Numbers

    /// Makes an input's numbers of sets of sources those of the union.
    private mutating func renumberSources(_ input: inout MemberSet) {
        let positions = Dictionary(uniqueKeysWithValues: set.sources.enumerated().map { ($1.label, $0) })
        let labels = input.sources.map { positions[$0.label] ?? 0 }
        // Both lists of sources are ordered by label, so an ascending set stays ascending.
        let numbers = input.sourceSets.sets.map { members in
            set.sourceSets.number(of: members.map { labels[$0] })
        }
        sourceNumbers.append(numbers)
        for index in input.trees.indices {
            input.trees[index].sources = numbers[Int(input.trees[index].sources)]
        }
        for index in input.downloads.indices {
            input.downloads[index].sources = numbers[Int(input.downloads[index].sources)]
        }
        for index in input.checksumFiles.indices {
            input.checksumFiles[index].sources = numbers[Int(input.checksumFiles[index].sources)]
        }
    }

    /// Makes an input's numbers of chunks those of the union, and keeps the better frame of each.
    private mutating func renumberChunks(_ input: inout MemberSet, from index: Int) {
        var renumbered: [UInt32] = []
        renumbered.reserveCapacity(input.chunks.count)
        for record in input.chunks {
            renumbered.append(add(FramePlace(input: index, record: record)))
        }
        input = input.renumberingChunks { renumbered[Int($0)] }
    }

    /// Adds a chunk, or a frame of one that is there.
    ///
    /// - Returns: Its number.
    @discardableResult mutating func add(_ place: FramePlace) -> UInt32 {
        if let number = numbers[place.record.id] {
            if !ConflictRule.keepsFirst(places[Int(number)].record, place.record) {
                places[Int(number)] = place
            }
            return number
        }
        let number = UInt32(places.count)
        numbers[place.record.id] = number
        places.append(place)
        set.chunks.append(place.record)
        return number
    }

    /// The number of the chunk with an ID, if it is here.
    func number(ofChunk id: ObjectID) -> UInt32? { numbers[id] }

    /// Replaces the number of each chunk that members use.
    mutating func renumberChunks(_ number: (UInt32) -> UInt32) { set = set.renumberingChunks(number) }

    // MARK: - Conflicts

    private static func alarm(_ member: String, _ path: FilePath) -> CacheStoreError {
        CacheStoreError(
            .conflict,
            "this archive and one before it disagree on what Go's checksums make unique: one of them was tampered with",
            path: path,
            member: member,
            hint: "find out which job's module differs from go.sum before you use either"
        )
    }

    private mutating func note(_ kind: Member.Kind, _ name: String, _ values: [String]) {
        conflicts.note(kind, name, values)
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    /// The value that the union has for a key.
    private func keptValue(_ key: ConflictList.Key) -> String {
        switch key.kind {
        case .action, .output: ""
        case .tree:
            set.trees.first { $0.module.text == key.name }
                .map { places[Int($0.manifest)].record.id.description } ?? ""
        case .checksum: set.checksumFiles.first { $0.path == key.name }.map { Self.text($0.bytes) } ?? ""
        case .info, .mod, .zip, .ziphash:
            set.downloads.first { $0.module.text == key.name && $0.kind.memberKind == key.kind }.map {
                switch $0.content {
                case .bytes(let bytes): Self.text(bytes)
                case .derived: "made from the tree"
                case .stored(let id, _, _): id.description
                }
            } ?? ""
        }
    }
}
