/// A table of the modules that members belong to.
struct LayerPlacement: Sendable {
    typealias Place = LayerSplit.Place

    private let set: MemberSet
    private let numbers: [OutputNumber]

    /// The sources of each output: those of the action entries that refer to it.
    let outputSources: [[Int]]

    /// The places of each output and of each action entry; `nil` where a place is not known.
    private(set) var outputPlaces: [Place?]
    private(set) var actionPlaces: [Place?]

    init(_ set: MemberSet, _ names: PackageNames) {
        self.set = set
        let owners = PackageOwners(set)
        numbers = set.actions.map { set.outputNumber(of: $0.output) ?? OutputNumber(0) }
        outputPlaces = set.outputs.indices.map { index in
            guard let path = names[OutputNumber(index)]?.importPath, path != "main" else { return nil }
            let module = owners.module(of: path)
            // Code of no module in the archive belongs to the checkout, and changes with each commit.
            return module.isEmpty ? nil : Place(module: module, item: path)
        }
        actionPlaces = numbers.map { [outputPlaces] in outputPlaces[$0] }
        var sets = set.sourceSets
        let sources = set.sourcesOfOutputs(&sets)
        outputSources = sources.map { [sets] in sets[$0] }
        placeDerivedEntries()
    }

    /// Returns the place of an output.
    func place(ofOutput number: OutputNumber) -> Place {
        outputPlaces[number] ?? .outside(set.outputs[number].id)
    }

    /// Returns the place of an action entry: that of its output, where the entry has none of its own.
    func place(ofAction index: Int) -> Place {
        actionPlaces[index] ?? .outside(set.actions[index].output)
    }

    /// Returns the place of a module's members of GOMODCACHE.
    ///
    /// A module of which there are only small files, and neither a tree nor a stored zip, has no place of its
    /// own. Every job has the `.mod` file of each module that any program of its checkout needs. A new
    /// version of one such file would change a layer that all sources share.
    static func place(of module: LayerPlan.Module, in set: MemberSet) -> Place {
        let hasZip = set.downloads[module.downloads].contains {
            if case .stored = $0.content { true } else { false }
        }
        guard module.tree != nil || hasZip else {
            return .outside(ContentHasher.hash(Array(module.key.text.utf8).span))
        }
        return Place(module: PackageOwners.path(of: module.key))
    }

    /// Finds the packages of entries whose IDs Go derives from the ID of a package's entry.
    private mutating func placeDerivedEntries() {
        var derived: [ObjectID: Place] = [:]
        for (action, place) in zip(set.actions, actionPlaces) {
            guard let place else { continue }
            for name in ["stdout", "srcfiles"] {
                derived[EntryClassifier.subkey(of: action.id, name)] = place
            }
        }
        for (index, action) in set.actions.enumerated() where actionPlaces[index] == nil {
            guard let place = derived[action.id] else { continue }
            actionPlaces[index] = place
            // Of several packages with the same content, the first counts.
            let output = numbers[index]
            if outputPlaces[output].map(place.precedes) ?? true { outputPlaces[output] = place }
        }
    }

    /// The bytes that the header of a file takes in a compressed layer, about.
    private static let headerSize = 64

    /// Returns the bytes that files take in a compressed layer, about, by the sets of sources that hold the
    /// files and by their places.
    ///
    /// The archive stores content with the compression of a layer, so the lengths of its frames serve.
    func groups() -> [[Int]: [Place: Int]] {
        var groups: [[Int]: [Place: Int]] = [:]
        func add(_ sources: [Int], _ place: Place, _ bytes: Int, files: Int = 1) {
            groups[sources, default: [:]][place, default: 0] += bytes + files * Self.headerSize
        }
        func stored(_ list: ChunkList) -> Int { list.numbers.reduce(0) { $0 + set.chunks[$1].storedBytes } }
        for (index, output) in set.outputs.enumerated() {
            add(outputSources[index], place(ofOutput: OutputNumber(index)), stored(output.chunks))
        }
        for (index, action) in set.actions.enumerated() {
            // The two IDs are most of an entry, and can't be compressed.
            add(set.sourceSets[action.sources], place(ofAction: index), 2 * ObjectID.byteCount)
        }
        for module in LayerPlan.modules(of: set) {
            let place = Self.place(of: module, in: set)
            let sources = set.sourceSets[module.sources]
            if let index = module.tree {
                let tree = set.trees[index]
                add(sources, place, stored(tree.chunks), files: tree.files)
            }
            for download in set.downloads[module.downloads] {
                switch download.content {
                case .bytes(let bytes): add(sources, place, bytes.count / 2)
                case .derived: continue
                case .stored(_, _, let chunks): add(sources, place, stored(chunks))
                }
            }
        }
        return groups
    }
}
