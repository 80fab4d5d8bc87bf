/// The assignment of members to the layers of an image, and of each layer's content to parts.
struct LayerPlan: Sendable {
    /// The parts of a module that the same sources hold, as positions in the lists of the set.
    struct Module: Sendable {
        var key: ModuleKey
        var tree: Int?
        var downloads: Range<Int>
        var sources: SourceSetNumber
    }

    /// A layer, with the positions of its members, in order.
    struct Layer: Sendable {
        var title: String
        /// The labels of the sources that hold the whole layer; empty where the sources of its members
        /// differ.
        var sources: [String] = []
        var actions: [Int] = []
        var outputs: [OutputNumber] = []
        var modules: [Int] = []
        /// Whether the layer holds the files of GOCACHE as a whole: all directories, and `trim.txt`.
        var hasBuildRoot = false
        /// Whether the layer holds the files of GOMODCACHE as a whole: lists of versions, and the checksum
        /// database.
        var hasModuleRoot = false
    }

    /// A part of a layer, made by one worker.
    ///
    /// The worker holds at most a piece of the part's content in memory.
    enum Part: Sendable {
        /// All directories except those in trees, so that each has its mode and owner.
        case directories
        /// Small files of GOCACHE, compressed together.
        case entries(actions: ArraySlice<Int>, outputs: ArraySlice<OutputNumber>)
        /// A large output, or some of its chunks, by their positions in the output.
        case output(OutputNumber, chunks: Range<Int>)
        /// Modules.
        case modules(ArraySlice<Int>)
        /// Some chunks of a module's large tree, by their positions in the tree.
        ///
        /// The part with the first chunk begins with all other content of the module.
        case tree(module: Int, chunks: Range<Int>)
        /// The files of a cache as a whole, and the end of the stream.
        case end
    }

    /// The members that the image holds.
    let set: MemberSet

    /// The modules, ordered.
    let modules: [Module]

    /// The layers, the lowest first.
    let layers: [Layer]

    /// The modules of which layers hold a zip made from the tree instead of the tree, each with the length of
    /// the zip in bytes.
    let zips: [ModuleKey: Int]

    /// Returns the modules of a set, ordered.
    ///
    /// A module of which different sources hold different parts occurs once per part.
    static func modules(of set: MemberSet) -> [Module] {
        var result: [Module] = []
        var (tree, download) = (0, 0)
        while tree < set.trees.count || download < set.downloads.count {
            let ofTree = tree < set.trees.count ? set.trees[tree].module : nil
            let ofDownload = download < set.downloads.count ? set.downloads[download].module : nil
            guard let key = [ofTree, ofDownload].compactMap(\.self).min() else { break }
            if ofTree == key {
                let sources = set.trees[tree].sources
                result.append(Module(key: key, tree: tree, downloads: 0..<0, sources: sources))
                tree += 1
            }
            while download < set.downloads.count, set.downloads[download].module == key {
                let (first, sources) = (download, set.downloads[download].sources)
                while download < set.downloads.count, set.downloads[download].module == key,
                    set.downloads[download].sources == sources
                { download += 1 }
                if let last = result.last, last.key == key, last.sources == sources, last.downloads.isEmpty {
                    result[result.count - 1].downloads = first..<download
                } else {
                    result.append(
                        Module(key: key, tree: nil, downloads: first..<download, sources: sources)
                    )
                }
            }
        }
        return result
    }

    // MARK: - One layer per cache

    /// Plans one layer per cache.
    ///
    /// - Parameters:
    ///   - set: The members.
    ///   - caches: The caches of the image.
    ///   - zips: The modules whose zips are made from their trees, each with the length of the zip in bytes.
    init(_ set: MemberSet, caches: GoCaches, zips: [ModuleKey: Int] = [:]) {
        self.set = set
        self.zips = zips
        modules = Self.modules(of: set)
        var layers: [Layer] = []
        if caches.moduleCache != nil {
            var layer = Layer(title: "GOMODCACHE", hasModuleRoot: true)
            layer.modules = Array(modules.indices)
            layers.append(layer)
        }
        if caches.buildCache != nil {
            var layer = Layer(title: "GOCACHE", hasBuildRoot: true)
            layer.actions = Array(set.actions.indices)
            layer.outputs = set.outputs.indices.map { OutputNumber($0) }
            layers.append(layer)
        }
        self.layers = layers
    }

    /// Creates a plan from layers that were planned elsewhere.
    init(_ set: MemberSet, modules: [Module], layers: [Layer], zips: [ModuleKey: Int]) {
        (self.set, self.modules, self.layers, self.zips) = (set, modules, layers, zips)
    }

    /// Returns whether a layer holds the tree of a module, by the position of the module.
    func hasTree(_ index: Int) -> Bool { modules[index].tree != nil && zips[modules[index].key] == nil }

    /// Returns whether a layer holds the tree of a module.
    func hasTree(_ key: ModuleKey) -> Bool { zips[key] == nil && set.treeIndex(of: key) != nil }

    /// Returns whether a layer holds the zip of a module.
    func hasZip(_ key: ModuleKey) -> Bool {
        if case .stored = set.download(.zip, of: key)?.content { return true }
        return zips[key] != nil
    }

    /// Returns the hash in the `.ziphash` that these parts of a module have, or `nil` if they have none.
    func hash(in module: Module) -> ObjectID? {
        for download in set.downloads[module.downloads] where download.kind == .ziphash {
            if case .bytes(let bytes) = download.content { return ModuleHash.id(ofZiphash: bytes) }
        }
        return nil
    }

    /// Returns whether the image has the zip of a module and not its tree, and these parts of the module hold
    /// the zip.
    func travelsAsZip(_ module: Module) -> Bool {
        if module.tree != nil { return zips[module.key] != nil }
        let hasZip = set.downloads[module.downloads].contains {
            if case .stored = $0.content { $0.kind == .zip } else { false }
        }
        return hasZip && set.treeIndex(of: module.key) == nil
    }

    /// Returns the chunks of everything that layers hold; a chunk may occur several times.
    func chunks() -> [ChunkRecord] {
        var numbers: [ChunkNumber] = []
        for layer in layers {
            for output in layer.outputs { numbers += set.outputs[output].chunks.numbers }
            for index in layer.modules {
                if let tree = modules[index].tree.map({ set.trees[$0] }) {
                    numbers += tree.manifest.numbers + tree.chunks.numbers
                }
                for download in set.downloads[modules[index].downloads] {
                    if case .stored(_, _, let chunks) = download.content { numbers += chunks.numbers }
                }
            }
        }
        return numbers.map { set.chunks[$0] }
    }

    // MARK: - Parts

    /// The maximum length of the content of several members in one part, in bytes.
    private static let partSize = LayerStream.blockSize

    /// The maximum length of the content of a single member in one part, in bytes: that of the longest chunk.
    private static let pieceSize = FormatLimits.chunkSize

    /// Returns the parts of a layer, in order, each with the approximate length of its content in bytes.
    ///
    /// - Parameters:
    ///   - layer: The layer.
    ///   - isLarge: Returns whether an output is a part of its own.
    /// - Returns: The parts.
    func parts(of layer: Layer, isLarge: (MemberSet.Output) -> Bool) -> [(part: Part, bytes: Int)] {
        var parts: [(Part, Int)] = [(.directories, 0)]
        // Outputs of the same kind lie together, because they compress better that way.
        let small = layer.outputs.filter { !isLarge(set.outputs[$0]) }.sorted { first, second in
            let (one, other) = (set.outputs[first], set.outputs[second])
            return one.contentClass == other.contentClass
                ? one.id < other.id : one.contentClass.rawValue.precedes(other.contentClass.rawValue)
        }
        for (run, bytes) in Self.runs(of: layer.actions, size: { _ in ActionEntry.byteCount }) {
            parts.append((.entries(actions: run, outputs: []), bytes))
        }
        for (run, bytes) in Self.runs(of: small, size: { set.outputs[$0].size }) {
            parts.append((.entries(actions: [], outputs: run), bytes))
        }
        for output in layer.outputs where isLarge(set.outputs[output]) {
            for (piece, bytes) in pieces(of: set.outputs[output].chunks) {
                parts.append((.output(output, chunks: piece), bytes))
            }
        }
        for (run, bytes) in Self.runs(of: layer.modules, size: size(ofModule:)) {
            guard run.count == 1, let module = run.first,
                let tree = modules[module].tree.map({ set.trees[$0] }), tree.size > Self.pieceSize,
                hasTree(module)
            else {
                parts.append((.modules(run), bytes))
                continue
            }
            var rest = bytes - tree.size
            for (piece, bytes) in pieces(of: tree.chunks) {
                parts.append((.tree(module: module, chunks: piece), bytes + rest))
                rest = 0
            }
        }
        return parts + [(.end, 0)]
    }

    /// Cuts a stream into runs of chunks of at most ``pieceSize`` bytes, by their positions.
    private func pieces(of chunks: ChunkList) -> [(Range<Int>, Int)] {
        var result: [(Range<Int>, Int)] = []
        for (position, number) in chunks.numbers.enumerated() {
            let size = set.chunks[number].contentBytes
            if let (last, bytes) = result.last, bytes + size <= Self.pieceSize {
                result[result.count - 1] = (last.lowerBound..<position + 1, bytes + size)
            } else {
                result.append((position..<position + 1, size))
            }
        }
        return result
    }

    /// Returns the length of a module's content, in bytes.
    func size(ofModule index: Int) -> Int {
        let module = modules[index]
        return set.downloads[module.downloads].reduce(module.tree.map { set.trees[$0].size } ?? 0) {
            if case .stored(_, let size, _) = $1.content { return $0 + size }
            return $0
        }
    }

    /// Cuts a list into runs of at most ``partSize`` bytes.
    private static func runs<Item>(of items: [Item], size: (Item) -> Int) -> [(ArraySlice<Item>, Int)] {
        var result: [(ArraySlice<Item>, Int)] = []
        var (start, bytes) = (0, 0)
        for (position, item) in items.enumerated() {
            let next = size(item) + TarHeader.blockSize
            if position > start, bytes + next > partSize {
                result.append((items[start..<position], bytes))
                (start, bytes) = (position, 0)
            }
            bytes += next
        }
        if start < items.count { result.append((items[start...], bytes)) }
        return result
    }
}
