/// Cuts the members of an archive into layers that other images have too, and later ones have again.
///
/// What the same sources hold lies together, so that the image of one source is made of whole layers. What is more
/// than a layer should hold is cut in two, and again, by the bits of a hash of the module that it belongs to: its
/// tree and its compiled packages stay together, and another version of it changes the layer that it is in and no
/// other. Nothing else decides: not the archive's order, nor what else is in it.
struct LayerSplit: Sendable {
    /// A layer is cut where its files have more bytes than this; there are a few dozen of them for some GB.
    static let sizeLimit = 128 << 20

    /// There are no more layers than this: engines take 127, of which a base needs some.
    static let layerLimit = 96

    /// What a set of sources holds is worth a layer from this part of the limit on.
    private static let smallestPart = 16

    /// What decides where a member goes: first the module, then what it is of it.
    struct Key: Comparable, Hashable {
        var module: UInt64
        var item: UInt64

        /// Hashes the names of both.
        init(module: String, item: String) {
            (self.module, self.item) = (Self.hash(module), Self.hash(item))
        }

        static func < (lhs: Self, rhs: Self) -> Bool { (lhs.module, lhs.item) < (rhs.module, rhs.item) }

        /// A bit, the highest of the module's first.
        func bit(_ index: Int) -> Bool {
            (index < 64 ? module >> UInt64(63 - index) : item >> UInt64(127 - index)) & 1 == 1
        }

        static let bitCount = 128

        private static func hash(_ name: String) -> UInt64 {
            ContentHasher.hash(Array(name.utf8).span).bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
        }
    }

    /// A layer: the members of some sources whose keys are in a range.
    struct Leaf: Hashable {
        /// The sources, as a list of positions.
        var sources: [Int]
        /// The lowest key.
        var first: Key
        /// The bits that all of its keys begin with.
        var bits: String
    }

    private let whole: MemberSet
    private let owners: PackageOwners

    /// The leaves, ordered as layers are.
    let leaves: [Leaf]

    /// The positions in ``leaves`` of a set of sources.
    private let ranges: [[Int]: Range<Int>]

    /// The set of sources of each output, and its key.
    private let outputSources: [[Int]]
    private let outputKeys: [Key?]

    /// The keys of action entries, by their positions.
    private let actionKeys: [Key?]

    /// Cuts an archive.
    ///
    /// - Parameters:
    ///   - whole: All members of the archive, whichever of them an image takes.
    ///   - names: The import paths of compiled packages, by the positions of their outputs.
    ///   - limit: The bytes of files that a layer may have, if it has more than one.
    init(_ whole: MemberSet, _ names: [Int: String], limit: Int = Self.sizeLimit) {
        self.whole = whole
        let owners = PackageOwners(whole)
        self.owners = owners
        var placement = Placement(whole, names, owners)
        placement.locateEntries()
        (outputKeys, actionKeys) = (placement.outputKeys, placement.actionKeys)
        outputSources = placement.outputSources
        let groups = placement.groups()
        var limit = limit
        var leaves = Self.leaves(of: groups, limit: limit)
        while leaves.count > Self.layerLimit {
            limit *= 2
            leaves = Self.leaves(of: groups, limit: limit)
        }
        self.leaves = leaves
        var ranges: [[Int]: Range<Int>] = [:]
        for (index, leaf) in leaves.enumerated() {
            ranges[leaf.sources] = (ranges[leaf.sources]?.lowerBound ?? index)..<index + 1
        }
        self.ranges = ranges
    }

    // MARK: - Cutting

    /// Cuts what each set of sources holds.
    private static func leaves(of groups: [[Int]: [(key: Key, bytes: Int)]], limit: Int) -> [Leaf] {
        // What most sources share lies lowest: images have it in common with what is below it, too.
        let ordered = groups.sorted { first, second in
            first.key.count == second.key.count
                ? first.key.lexicographicallyPrecedes(second.key) : first.key.count > second.key.count
        }
        var leaves: [Leaf] = []
        for (sources, items) in ordered {
            let total = items.reduce(0) { $0 + $1.bytes }
            guard total >= limit / smallestPart else { continue }
            let sorted = items.sorted { $0.key < $1.key }
            cut(sorted[...], bits: "", limit: limit) { items, bits in
                if let first = items.first {
                    leaves.append(Leaf(sources: sources, first: first.key, bits: bits))
                }
            }
        }
        return leaves
    }

    /// Cuts items whose keys begin with the same bits in two, by the next bit, while they are too many.
    private static func cut(
        _ items: ArraySlice<(key: Key, bytes: Int)>,
        bits: String,
        limit: Int,
        _ body: (ArraySlice<(key: Key, bytes: Int)>, String) -> Void
    ) {
        let depth = bits.utf8.count
        let bytes = items.reduce(0) { $0 + $1.bytes }
        guard bytes > limit, depth < Key.bitCount, items.first?.key != items.last?.key else {
            return body(items, bits)
        }
        let middle = items.firstIndex { $0.key.bit(depth) } ?? items.endIndex
        for (part, bit) in [(items[..<middle], "0"), (items[middle...], "1")] where !part.isEmpty {
            cut(part, bits: bits + bit, limit: limit, body)
        }
    }

    // MARK: - Layers

    /// Plans the layers of an image.
    ///
    /// - Parameters:
    ///   - set: The members of it, of those that were cut.
    ///   - caches: The caches that it has.
    /// - Returns: Those layers that are not empty, and the last, of what belongs to this image alone.
    func plan(_ set: MemberSet, caches: GoCaches) -> LayerPlan {
        let labels = whole.sources.map(\.label)
        var layers = leaves.map { leaf in
            let names = leaf.sources.map { labels[$0] }
            let isAll = names.count == labels.count && names.count > 1
            let title = isAll ? "all sources" : names.joined(separator: "+")
            return LayerPlan.Layer(
                title: leaf.bits.isEmpty ? title : "\(title) \(leaf.bits)",
                sources: names
            )
        }
        layers.append(LayerPlan.Layer(title: "the rest"))
        let rest = layers.count - 1
        if caches.buildCache != nil {
            layers[rest].hasBuildRoot = true
            for (index, output) in set.outputs.enumerated() {
                let position = whole.outputIndex(of: output.id) ?? 0
                let layer = layer(outputSources[position], outputKeys[position]) ?? rest
                layers[layer].outputs.append(index)
            }
            var position = 0
            for (index, action) in set.actions.enumerated() {
                // Both lists are ordered by the same keys.
                while whole.actions[position].key != action.key { position += 1 }
                let layer = layer(whole.sourceSets[action.sources], actionKeys[position]) ?? rest
                layers[layer].actions.append(index)
            }
        }
        let modules = LayerPlan.modules(of: set)
        if caches.moduleCache != nil {
            layers[rest].hasModuleRoot = true
            for (index, module) in modules.enumerated() {
                let key = Placement.key(of: module, in: set)
                layers[layer(whole.sourceSets[module.sources], key) ?? rest].modules.append(index)
            }
        }
        let isKept = layers.map { layer in
            layer.hasBuildRoot || layer.hasModuleRoot
                || !(layer.actions.isEmpty && layer.outputs.isEmpty && layer.modules.isEmpty)
        }
        return LayerPlan(set, modules: modules, layers: zip(layers, isKept).filter(\.1).map(\.0))
    }

    /// The leaf of a key, or `nil` for what has none.
    private func layer(_ sources: [Int], _ key: Key?) -> Int? {
        guard let key, let range = ranges[sources] else { return nil }
        return range.last { leaves[$0].first <= key } ?? range.lowerBound
    }
}

/// Finds the modules that members belong to.
private struct Placement {
    typealias Key = LayerSplit.Key

    private let set: MemberSet
    private let positions: [Int]
    private(set) var outputSources: [[Int]]
    private(set) var outputKeys: [Key?]
    private(set) var actionKeys: [Key?]

    init(_ set: MemberSet, _ names: [Int: String], _ owners: PackageOwners) {
        self.set = set
        positions = set.actions.map { set.outputIndex(of: $0.output) ?? 0 }
        outputKeys = set.outputs.indices.map { index in
            guard let path = names[index], path != "main" else { return nil }
            let module = owners.module(of: path)
            // Code that is in no module of the archive is that of the checkout: it changes with each commit.
            return module.isEmpty ? nil : Key(module: module, item: path)
        }
        actionKeys = positions.map { [outputKeys] in outputKeys[$0] }
        var sets = set.sourceSets
        var numbers = [Int32?](repeating: nil, count: set.outputs.count)
        for (action, position) in zip(set.actions, positions) {
            numbers[position] = numbers[position].map { sets.union($0, action.sources) } ?? action.sources
        }
        outputSources = numbers.map { [sets] in $0.map { sets[$0] } ?? [] }
    }

    /// The key of what lies in GOMODCACHE of a module; `nil` for a few small files without a tree.
    ///
    /// Every job has the `.mod` of each module that any program of its checkout needs: a new version of one would
    /// change a layer that all sources share.
    static func key(of module: LayerPlan.Module, in set: MemberSet) -> Key? {
        let hasZip = set.downloads[module.downloads].contains {
            if case .stored = $0.content { true } else { false }
        }
        guard module.tree != nil || hasZip else { return nil }
        return Key(module: PackageOwners.path(of: module.key), item: "")
    }

    /// Finds the packages of entries whose IDs Go derives from a package's.
    mutating func locateEntries() {
        var derived: [ObjectID: Key] = [:]
        for (action, key) in zip(set.actions, actionKeys) {
            guard let key else { continue }
            for name in ["stdout", "srcfiles"] {
                derived[EntryClassifier.subkey(of: action.id, name)] = key
            }
        }
        for (index, action) in set.actions.enumerated() where actionKeys[index] == nil {
            guard let key = derived[action.id] else { continue }
            actionKeys[index] = key
            // Of packages that have one content in common, the one with the lowest key counts.
            let position = positions[index]
            outputKeys[position] = min(outputKeys[position] ?? key, key)
        }
    }

    /// What each set of sources holds, with keys and the bytes that files take in a layer.
    func groups() -> [[Int]: [(key: Key, bytes: Int)]] {
        var groups: [[Int]: [(key: Key, bytes: Int)]] = [:]
        func add(_ sources: [Int], _ key: Key?, _ bytes: Int, files: Int = 1) {
            guard let key else { return }
            groups[sources, default: []].append((key, bytes + files * TarHeader.blockSize))
        }
        for (index, output) in set.outputs.enumerated() {
            add(outputSources[index], outputKeys[index], output.size)
        }
        for (index, action) in set.actions.enumerated() {
            add(set.sourceSets[action.sources], actionKeys[index], ActionEntry.byteCount)
        }
        for module in LayerPlan.modules(of: set) {
            let key = Self.key(of: module, in: set)
            let sources = set.sourceSets[module.sources]
            if let index = module.tree {
                add(sources, key, set.trees[index].size, files: set.trees[index].files)
            }
            for download in set.downloads[module.downloads] {
                switch download.content {
                case .bytes(let bytes): add(sources, key, bytes.count)
                case .derived: continue
                case .stored(_, let size, _): add(sources, key, size)
                }
            }
        }
        return groups
    }
}
