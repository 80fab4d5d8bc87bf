import Testing

@testable import CacheStore

/// Laws of cutting an archive into layers, tested with random archives.
@Suite("The cut into layers")
struct LayerSplitTests {
    private static let limit = 1 << 20

    /// A module with its compiled packages, and the sources that hold them.
    private struct Module: Hashable {
        var name: String
        var version: String
        var sources: [Int]
        var packages: Int
        var size: Int
    }

    /// An archive in memory, and the import paths of its packages.
    ///
    /// The archive stores four bytes of content in one.
    private struct Corpus {
        var set = MemberSet()
        var names: [Int: String] = [:]

        private mutating func chunk(_ id: ObjectID, storing bytes: Int) -> ChunkList {
            set.chunks.append(
                ChunkRecord(id: id, offset: 0, storedBytes: bytes, contentBytes: 4 * bytes, checksum: 0)
            )
            return .one(ChunkNumber(set.chunks.count - 1))
        }

        init(_ modules: [Module], labels: [String]) {
            set.sources = labels.map {
                Source(label: $0, environment: GoEnvironment(), digest: CacheModel.id($0))
            }
            var outputs: [(output: MemberSet.Output, name: String)] = []
            for module in modules {
                guard let key = ModuleKey("\(module.name)@\(module.version)") else { continue }
                let sources = set.sourceSets.number(of: module.sources)
                set.trees.append(
                    MemberSet.Tree(
                        module: key,
                        h1: CacheModel.id(key.text),
                        files: 3,
                        executables: 0,
                        size: 4 * module.size,
                        manifest: .one(ChunkNumber(0)),
                        chunks: chunk(CacheModel.id(key.text), storing: module.size),
                        sources: sources
                    )
                )
                set.downloads.append(
                    MemberSet.Download(module: key, kind: .mod, content: .bytes([1]), sources: sources)
                )
                for package in 0..<module.packages {
                    let name = "\(module.name)/p\(package)"
                    let id = CacheModel.id("output of \(name) \(module.version)")
                    let output = MemberSet.Output(
                        id: id,
                        size: 4 * (module.size / 2),
                        executable: nil,
                        contentClass: .package,
                        chunks: chunk(id, storing: module.size / 2)
                    )
                    outputs.append((output, name))
                    let action = CacheModel.id("action of \(name) \(module.version)")
                    set.actions.append(MemberSet.Action(id: action, output: id, sources: sources))
                    // The list of the package's sources has no name of its own.
                    let derived = EntryClassifier.subkey(of: action, "srcfiles")
                    let list = CacheModel.id("list of \(name) \(module.version)")
                    outputs.append(
                        (
                            MemberSet.Output(
                                id: list,
                                size: 100,
                                executable: nil,
                                contentClass: .other,
                                chunks: .none
                            ), ""
                        )
                    )
                    set.actions.append(MemberSet.Action(id: derived, output: list, sources: sources))
                }
            }
            outputs.sort { $0.output.id < $1.output.id }
            set.outputs = outputs.map(\.output)
            names = Dictionary(
                uniqueKeysWithValues: outputs.enumerated().filter { !$0.element.name.isEmpty }
                    .map { ($0.offset, $0.element.name) }
            )
            set.actions.sort { $0.key < $1.key }
            set.trees.sort { $0.module < $1.module }
            set.downloads.sort { $0.key < $1.key }
        }

        /// Returns the members in each layer of an image, by the layer's title.
        func layers(only labels: [String]? = nil) throws -> [String: Set<String>] {
            let selected = try labels.map { try set.selecting($0) } ?? set
            let packages = names.map { number, name in
                (OutputNumber(number), CompiledPackage(importPath: name))
            }
            let names = PackageNames(Dictionary(uniqueKeysWithValues: packages))
            let plan = LayerSplit(set, names, limit: LayerSplitTests.limit)
                .plan(selected, caches: Layers.Options().caches)
            var result: [String: Set<String>] = [:]
            for layer in plan.layers {
                let outputs = layer.outputs.map { "output \(plan.set.outputs[$0].id)" }
                let actions = layer.actions.map { "action \(plan.set.actions[$0].id)" }
                let modules = layer.modules.map { "module \(plan.modules[$0].key.text)" }
                #expect(result[layer.title] == nil, "two layers are called \(layer.title)")
                result[layer.title] = Set(outputs + actions + modules)
            }
            return result
        }
    }

    private static let labels = ["a", "b", "c"]

    private static func modules(seed: UInt64, count: Int = 150) -> [Module] {
        var source = SeededBytes(seed: seed)
        return (0..<count).map { index in
            let sources = labels.indices.filter { _ in source.isOnce(in: 2) }
            return Module(
                name: "example.com/m\(index)",
                version: "v1.0.0",
                sources: sources.isEmpty ? [index % labels.count] : sources,
                packages: Int.random(in: 0...3, using: &source),
                size: Int.random(in: 1...200_000, using: &source)
            )
        }
    }

    @Test("puts each member into one layer, with others that the same sources hold")
    func partition() throws {
        let corpus = Corpus(Self.modules(seed: 331), labels: Self.labels)
        let layers = try corpus.layers()
        let members = layers.values.flatMap(\.self)
        #expect(members.count == Set(members).count)
        #expect(members.count == corpus.set.outputs.count + corpus.set.actions.count + corpus.set.trees.count)
        #expect(layers.keys.contains { $0.hasPrefix("all sources") })
        #expect(layers.keys.contains { $0.hasPrefix("a+b ") })
        #expect(layers["the rest"]?.isEmpty == true, "every member of the corpus has a module")
    }

    @Test("keeps layers below the limit as stored, unless a single module is above it")
    func size() throws {
        var modules = Self.modules(seed: 332)
        modules[7].size = 5 << 20
        modules[7].packages = 4
        let corpus = Corpus(modules, labels: Self.labels)
        let sizes = Dictionary(
            uniqueKeysWithValues: corpus.set.outputs.map { ("output \($0.id)", $0.size / 4) }
                + corpus.set.trees.map { ("module \($0.module.text)", $0.size / 4) }
        )
        var single = 0
        for (title, members) in try corpus.layers() {
            let found = members.compactMap { sizes[$0] }
            let large = found.filter { $0 > Self.limit }
            if large.isEmpty {
                #expect(found.reduce(0, +) <= Self.limit * 3 / 2, "\(title)")
            } else {
                single += 1
                #expect(large.count == 1, "\(title) could be cut further")
            }
        }
        // The tree of the large module takes one layer, and so does each of its packages, of half the size.
        #expect(single == 5)
    }

    @Test("has no more layers than engines take, whatever is in an archive")
    func count() throws {
        let corpus = Corpus(Self.modules(seed: 333, count: 3000), labels: Self.labels)
        let layers = try corpus.layers()
        #expect(layers.count > LayerSplit.layerLimit / 3)
        #expect(layers.count <= LayerSplit.layerLimit + 1)
    }

    @Test("gives images of some sources only layers that the image of all has, except for the rest")
    func sharing() throws {
        let corpus = Corpus(Self.modules(seed: 334), labels: Self.labels)
        let all = try corpus.layers()
        for only in [["a"], ["b"], ["a", "c"]] {
            let layers = try corpus.layers(only: only).filter { $0.key != "the rest" }
            #expect(layers.count > 3)
            for (title, members) in layers { #expect(all[title] == members, "\(title)") }
        }
    }

    @Test("changes only the layers that hold a module if the version of the module changes", arguments: 0..<8)
    func stability(number: Int) throws {
        var modules = Self.modules(seed: 335)
        let before = try Corpus(modules, labels: Self.labels).layers()
        modules[number * 17].version = "v1.1.0"
        let after = try Corpus(modules, labels: Self.labels).layers()
        let changed = before.filter { after[$0.key] != $0.value }
        let name = modules[number * 17].name
        #expect(!changed.isEmpty)
        // The module is in one layer, unless the cut goes through the module.
        #expect(changed.count <= 1 + modules[number * 17].packages)
        for members in changed.values {
            #expect(members.contains("module \(name)@v1.0.0") || members.count < 3)
        }
    }

    @Test("changes only the layers that hold a module, or that replace them, if its size changes")
    func growth() throws {
        var modules = Self.modules(seed: 336)
        let before = try Corpus(modules, labels: Self.labels).layers()
        modules[40].size += 800_000
        let after = try Corpus(modules, labels: Self.labels).layers()
        let kept = before.filter { after[$0.key] == $0.value }.count
        #expect(kept >= before.count - 3)
        #expect(before != after || kept == before.count)
    }

    /// Returns a corpus with a program of each source, at the given commits, a program that all sources have,
    /// and modules.
    private func programs(_ commits: [Int], size: Int = 100_000) -> Corpus {
        var modules = Self.modules(seed: 337)
        for (source, commit) in commits.enumerated() {
            modules.append(
                Module(
                    name: "example.org/own\(source)",
                    version: "v1.0.\(commit)",
                    sources: [source],
                    packages: 2,
                    size: size
                )
            )
        }
        modules.append(
            Module(name: "example.org/all", version: "v1.0.0", sources: [0, 1, 2], packages: 1, size: size)
        )
        var corpus = Corpus(modules, labels: Self.labels)
        for (number, name) in corpus.names where name.hasPrefix("example.org/") {
            corpus.names[number] = name.hasSuffix("/p0") ? "main" : "example.org/checkout/\(name)"
        }
        corpus.set.trees.removeAll { $0.module.text.hasPrefix("example.org/") }
        corpus.set.downloads.removeAll { $0.module.text.hasPrefix("example.org/") }
        return corpus
    }

    @Test("puts programs and code of the checkout that one source has into a layer of that source")
    func rest() throws {
        let layers = try programs([1, 1, 1]).layers()
        for label in Self.labels {
            // Each of the two packages has an output and an action entry, and so has the list of its sources.
            #expect(layers["\(label): the rest"]?.count == 8)
        }
        #expect(layers["the rest"]?.count == 4, "what all sources have is of no single source")
        // The program of a source is in its own image as the same layer.
        let alone = try programs([1, 1, 1]).layers(only: ["b"])
        #expect(alone["b: the rest"] == layers["b: the rest"])
        #expect(alone["a: the rest"] == nil)
    }

    @Test("changes one layer, that of the source, if a commit changes the source's programs")
    func commit() throws {
        let before = try programs([1, 1, 1]).layers()
        let after = try programs([1, 2, 1]).layers()
        #expect(before.filter { after[$0.key] != $0.value }.map(\.key) == ["b: the rest"])
    }

    @Test("leaves programs that are not worth a layer to the last layer, and cuts those that are too much")
    func sizesOfRests() throws {
        let small = try programs([1, 1, 1], size: 6000).layers()
        #expect(small["a: the rest"] == nil)
        #expect((small["the rest"]?.count ?? 0) >= 3 * 8 + 4)
        let large = try programs([1, 1, 1], size: 1_300_000).layers()
        #expect(large.keys.count { $0.hasPrefix("a: the rest ") } == 2)
    }

    @Test("makes fewer layers above a base that has many", arguments: [1, 2, 5, 20])
    func room(count: Int) throws {
        let corpus = programs([1, 1, 1])
        let names = PackageNames(
            Dictionary(
                uniqueKeysWithValues: corpus.names.map { (OutputNumber($0), CompiledPackage(importPath: $1)) }
            )
        )
        let split = LayerSplit(corpus.set, names, limit: Self.limit, count: count)
        let plan = split.plan(corpus.set, caches: Layers.Options().caches)
        #expect(plan.layers.count <= count)
        #expect(plan.layers.reduce(0) { $0 + $1.outputs.count } == corpus.set.outputs.count)
    }
}
