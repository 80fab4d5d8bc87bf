/// Cuts the members of an archive into layers that other images have too, and later ones have again.
///
/// What the same sources hold lies together, so that the image of one source is made of whole layers. What is more
/// than a layer should hold is cut in two, and again, by the bits of a hash of the module that it belongs to: its
/// tree and its compiled packages stay together, and another version of it changes the layer that it is in and no
/// other. A module that is more than that alone is cut by its packages, and a tree or package that is, lies alone.
/// Nothing else decides: not the archive's order, nor what else is in it.
struct LayerSplit: Sendable {
    /// A layer is cut where its files have more bytes than this; there are a few dozen of them for some GB.
    static let sizeLimit = 128 << 20

    /// There are no more layers than this: engines take 127, of which a base needs some.
    static let layerLimit = 96

    /// The part of the limit that is worth a layer.
    private static let smallestPart = 16

    /// Where a member belongs: to a module, and what it is of it.
    struct Place: Hashable {
        /// The module's path.
        var module: String
        /// A package's import path, or nothing for the tree.
        var item = ""

        /// What it is called in a layer's title.
        var title: String { item.isEmpty ? "\(module) (sources)" : item }

        /// Whether it comes before another, by the names.
        func precedes(_ other: Self) -> Bool {
            module == other.module ? item.precedes(other.item) : module.precedes(other.module)
        }
    }

    /// All that lies at one place of what the same sources hold.
    private struct Item {
        var place: Place
        var bytes: Int
        var hash: UInt64 = 0
    }

    /// Layers before members are assigned: titles, and the places in each.
    private struct Cut {
        var sources: [Int]
        var title: String
        var items: [Item]
    }

    private let whole: MemberSet

    /// The titles of the layers, in order, and the sources that hold what is in each.
    let layers: [(title: String, sources: [String])]

    /// The layer of each place, by the sources that hold it.
    private let numbers: [[Int]: [Place: Int]]

    private let placement: LayerPlacement

    /// Cuts an archive.
    ///
    /// - Parameters:
    ///   - whole: All members of the archive, whichever of them an image takes.
    ///   - names: The names of the compiled packages.
    ///   - limit: The bytes of files from which on a layer is cut.
    init(_ whole: MemberSet, _ names: PackageNames, limit: Int = Self.sizeLimit) {
        self.whole = whole
        let placement = LayerPlacement(whole, names)
        self.placement = placement
        let groups = placement.groups()
        let labels = whole.sources.map(\.label)
        var limit = limit
        var cuts = Self.cuts(of: groups, labels, limit: limit)
        while cuts.count > Self.layerLimit {
            limit *= 2
            cuts = Self.cuts(of: groups, labels, limit: limit)
        }
        layers = cuts.map { cut in (cut.title, cut.sources.map { labels[$0] }) }
        var numbers: [[Int]: [Place: Int]] = [:]
        for (number, cut) in cuts.enumerated() {
            for item in cut.items { numbers[cut.sources, default: [:]][item.place] = number }
        }
        self.numbers = numbers
    }

    // MARK: - Cutting

    /// Cuts what each set of sources holds.
    private static func cuts(of groups: [[Int]: [Place: Int]], _ labels: [String], limit: Int) -> [Cut] {
        // What most sources share lies lowest: images have it in common with what is below it, too.
        let ordered = groups.sorted { first, second in
            first.key.count == second.key.count
                ? first.key.lexicographicallyPrecedes(second.key) : first.key.count > second.key.count
        }
        var cuts: [Cut] = []
        for (sources, places) in ordered {
            let isAll = sources.count == labels.count && labels.count > 1
            let title = isAll ? "all sources" : sources.map { labels[$0] }.joined(separator: "+")
            var items = places.map { Item(place: $0.key, bytes: $0.value) }
            items.sort { $0.place.precedes($1.place) }
            func add(_ title: String, _ items: [Item]) {
                cuts.append(Cut(sources: sources, title: title, items: items))
            }
            for item in items where item.bytes > limit { add("\(title): \(item.place.title)", [item]) }
            items.removeAll { $0.bytes > limit }
            let modules = Dictionary(grouping: items, by: \.place.module)
            let large = modules.filter { $0.value.reduce(0) { $0 + $1.bytes } > limit }
            for (module, items) in large.sorted(by: { $0.key.precedes($1.key) }) {
                cut(items, by: \.item, limit: limit) { add("\(title): \(module)\($0)", $1) }
            }
            let others = items.filter { large[$0.place.module] == nil }
            cut(others, by: \.module, limit: limit) { add("\(title)\($0)", $1) }
        }
        return cuts
    }

    /// Cuts items in two by a bit of a hash, and again by the next, while they are too many.
    ///
    /// - Parameters:
    ///   - items: The items; if they are too few to be worth a layer, nothing comes of them.
    ///   - name: What is hashed.
    ///   - limit: The bytes from which on there are too many.
    ///   - body: Takes the bits that are the same in all, after a blank, and the items.
    private static func cut(
        _ items: [Item],
        by name: (Place) -> String,
        limit: Int,
        _ body: (String, [Item]) -> Void
    ) {
        guard items.reduce(0, { $0 + $1.bytes }) >= limit / smallestPart else { return }
        let hashed = items.map { item in
            let hash = ContentHasher.hash(Array(name(item.place).utf8).span).bytes
            return Item(
                place: item.place,
                bytes: item.bytes,
                hash: hash.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
            )
        }
        halve(hashed, bits: "", limit: limit) { body($0.isEmpty ? "" : " \($0)", $1) }
    }

    private static func halve(_ items: [Item], bits: String, limit: Int, _ body: (String, [Item]) -> Void) {
        let bytes = items.reduce(0) { $0 + $1.bytes }
        let depth = bits.utf8.count
        guard bytes > limit, depth < UInt64.bitWidth else { return body(bits, items) }
        let ones = items.filter { $0.hash >> UInt64(63 - depth) & 1 == 1 }
        let part = ones.reduce(0) { $0 + $1.bytes }
        // A small part is not cut off, unless what is left is far too much.
        let smaller = min(part, bytes - part)
        if smaller > 0, smaller < limit / 8, bytes <= limit + limit / 2 { return body(bits, items) }
        let zeros = items.filter { $0.hash >> UInt64(63 - depth) & 1 == 0 }
        for (half, bit) in [(zeros, "0"), (ones, "1")] where !half.isEmpty {
            halve(half, bits: bits + bit, limit: limit, body)
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
        var layers = layers.map { LayerPlan.Layer(title: $0.title, sources: $0.sources) }
        layers.append(LayerPlan.Layer(title: "the rest"))
        let rest = layers.count - 1
        func layer(_ sources: [Int], _ place: Place?) -> Int {
            place.flatMap { numbers[sources]?[$0] } ?? rest
        }
        if caches.buildCache != nil {
            layers[rest].hasBuildRoot = true
            for (index, output) in set.outputs.enumerated() {
                let position = whole.outputNumber(of: output.id) ?? OutputNumber(0)
                let sources = placement.outputSources[position]
                layers[layer(sources, placement.outputPlaces[position])].outputs.append(OutputNumber(index))
            }
            var position = 0
            for (index, action) in set.actions.enumerated() {
                // Both lists are ordered by the same keys.
                while whole.actions[position].key != action.key { position += 1 }
                let sources = whole.sourceSets[action.sources]
                layers[layer(sources, placement.actionPlaces[position])].actions.append(index)
            }
        }
        let modules = LayerPlan.modules(of: set)
        if caches.moduleCache != nil {
            layers[rest].hasModuleRoot = true
            for (index, module) in modules.enumerated() {
                let place = LayerPlacement.place(of: module, in: set)
                layers[layer(whole.sourceSets[module.sources], place)].modules.append(index)
            }
        }
        let isKept = layers.map { layer in
            layer.hasBuildRoot || layer.hasModuleRoot
                || !(layer.actions.isEmpty && layer.outputs.isEmpty && layer.modules.isEmpty)
        }
        return LayerPlan(set, modules: modules, layers: zip(layers, isKept).filter(\.1).map(\.0))
    }
}
