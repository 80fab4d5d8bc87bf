/// A cut of the members of an archive into layers that other images share and that later images have again.
///
/// Members that the same sources hold lie together, so that the image of one source is made of whole layers.
/// Members that are too much for one layer are cut in two, repeatedly, by the bits of a hash of the module
/// that they belong to. Therefore a module's tree and compiled packages stay together, and another version of
/// the module changes only the layer that holds the module.
///
/// A module that is too much for one layer is cut by its packages. A tree or package that is too much for one
/// layer lies alone. What one source alone holds, and what belongs to no module, changes with each commit of
/// the source's programs, and lies in a layer of its own. Nothing else matters: neither the archive's order
/// nor its other members.
struct LayerSplit: Sendable {
    /// The length of a compressed layer, in bytes, above which the layer is cut, about.
    ///
    /// An archive of some gigabytes has a few dozen layers.
    static let sizeLimit = 24 << 20

    /// The maximum number of layers.
    ///
    /// Engines take 127 layers, of which a base needs some.
    static let layerLimit = 96

    /// The ratio of the size limit of a layer to the smallest size that is worth a layer.
    private static let smallestPart = 16

    /// The same ratio for what belongs to no module, and changes often.
    private static let smallestRest = 64

    /// The place of a member: the module that it belongs to, and the part of the module.
    struct Place: Hashable {
        /// The path of the module.
        var module: String
        /// The import path of a package, or nothing for the tree.
        var item = ""

        /// The name of the place in a layer's title.
        var title: String { item.isEmpty ? "\(module) (sources)" : item }

        /// Whether members at the place belong to no module.
        var isOutside: Bool { module.isEmpty }

        /// Returns the place of a member that belongs to no module: one of 256, by a byte of the ID.
        static func outside(_ id: ObjectID) -> Self {
            Self(module: "", item: BuildCacheLayout.subdirectory(Int(id.firstByte)))
        }

        /// Returns whether the place comes before another, by their names.
        func precedes(_ other: Self) -> Bool {
            module == other.module ? item.precedes(other.item) : module.precedes(other.module)
        }
    }

    /// All members at one place that the same sources hold.
    private struct Item {
        var place: Place
        var bytes: Int
        var hash: UInt64 = 0
    }

    /// A layer before members are assigned to it: its title, and the places in it.
    private struct Cut {
        var sources: [Int]
        var title: String
        var items: [Item]
    }

    private let whole: MemberSet

    /// The titles of the layers, in order, and the sources that hold each layer's members.
    let layers: [(title: String, sources: [String])]

    /// The number of the layer of each place, by the sources that hold the members at the place.
    private let numbers: [[Int]: [Place: Int]]

    private let placement: LayerPlacement

    /// Cuts an archive.
    ///
    /// - Parameters:
    ///   - whole: All members of the archive, including those that an image does not take.
    ///   - names: The names of the compiled packages.
    ///   - limit: The length of a compressed layer, in bytes, above which the layer is cut.
    ///   - count: The maximum number of layers; one is made even so.
    init(
        _ whole: MemberSet,
        _ names: PackageNames,
        limit: Int = Self.sizeLimit,
        count: Int = Self.layerLimit
    ) {
        self.whole = whole
        let placement = LayerPlacement(whole, names)
        self.placement = placement
        let groups = placement.groups()
        let labels = whole.sources.map(\.label)
        var limit = limit
        var cuts = Self.cuts(of: groups, labels, limit: limit)
        // One more layer holds what is left.
        while cuts.count >= max(1, count) {
            limit = limit.multipliedReportingOverflow(by: 2).overflow ? Int.max : limit * 2
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

    /// Cuts the members of each set of sources.
    private static func cuts(of groups: [[Int]: [Place: Int]], _ labels: [String], limit: Int) -> [Cut] {
        // Members that most sources share lie lowest. Images then share the layers of these members together
        // with all layers below.
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
            var rest = items.filter(\.place.isOutside)
            items.removeAll(where: \.place.isOutside)
            for item in items where item.bytes > limit { add("\(title): \(item.place.title)", [item]) }
            items.removeAll { $0.bytes > limit }
            let modules = Dictionary(grouping: items, by: \.place.module)
            let large = modules.filter { bytes(of: $0.value) > limit }
            for (module, items) in large.sorted(by: { $0.key.precedes($1.key) }) {
                cut(items, by: \.item, limit: limit) { add("\(title): \(module)\($0)", $1) }
            }
            let others = items.filter { large[$0.place.module] == nil }
            if bytes(of: others) >= limit / smallestPart {
                cut(others, by: \.module, limit: limit) { add("\(title)\($0)", $1) }
            } else {
                rest += others
            }
            // What several sources share of the rest is little, and lies in the last layer of an image.
            if sources.count == 1, bytes(of: rest) >= limit / smallestRest {
                cut(rest, by: { $0.isOutside ? $0.item : $0.module }, limit: limit) {
                    add("\(title): the rest\($0)", $1)
                }
            }
        }
        return cuts
    }

    private static func bytes(of items: [Item]) -> Int { items.reduce(0) { $0 + $1.bytes } }

    /// Cuts items in two by a bit of a hash, and again by the next bit, while they are too large together.
    ///
    /// - Parameters:
    ///   - items: The items.
    ///   - name: Returns the text to hash.
    ///   - limit: The length, in bytes, above which items are too large together.
    ///   - body: Called with the bits that all items share, after a blank, and with the items.
    private static func cut(
        _ items: [Item],
        by name: (Place) -> String,
        limit: Int,
        _ body: (String, [Item]) -> Void
    ) {
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
        let bytes = bytes(of: items)
        let depth = bits.utf8.count
        guard bytes > limit, items.count > 1, depth < UInt64.bitWidth else { return body(bits, items) }
        let ones = items.filter { $0.hash >> UInt64(63 - depth) & 1 == 1 }
        let part = Self.bytes(of: ones)
        // A small part is not cut off, unless the items together are far too large.
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
    ///   - set: The members of the image, which must be among those that were cut.
    ///   - caches: The caches of the image.
    ///   - zips: The modules whose zips are made from their trees, each with the length of the zip in bytes.
    /// - Returns: The layers that are not empty; the last holds the members that belong to this image alone.
    func plan(_ set: MemberSet, caches: GoCaches, zips: [ModuleKey: Int] = [:]) -> LayerPlan {
        var layers = layers.map { LayerPlan.Layer(title: $0.title, sources: $0.sources) }
        layers.append(LayerPlan.Layer(title: "the rest"))
        let rest = layers.count - 1
        func layer(_ sources: [Int], _ place: Place) -> Int { numbers[sources]?[place] ?? rest }
        if caches.buildCache != nil {
            layers[rest].hasBuildRoot = true
            for (index, output) in set.outputs.enumerated() {
                let position = whole.outputNumber(of: output.id) ?? OutputNumber(0)
                let sources = placement.outputSources[position]
                layers[layer(sources, placement.place(ofOutput: position))].outputs.append(
                    OutputNumber(index)
                )
            }
            var position = 0
            for (index, action) in set.actions.enumerated() {
                // Both lists are ordered by the same keys.
                while whole.actions[position].key != action.key { position += 1 }
                let sources = whole.sourceSets[action.sources]
                layers[layer(sources, placement.place(ofAction: position))].actions.append(index)
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
        let kept = zip(layers, isKept).filter(\.1).map(\.0)
        return LayerPlan(set, modules: modules, layers: kept, zips: zips)
    }
}
