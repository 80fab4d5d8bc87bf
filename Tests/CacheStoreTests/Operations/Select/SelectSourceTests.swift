import SystemPackage
import Testing

@testable import CacheStore

/// Tests of selections from archives of which one holds parts of what another holds.
@Suite("A selection from archives of parts")
struct SelectSourceTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    private static func package(_ path: String, _ count: Int = 500) -> [UInt8] {
        let rest = [UInt8](repeating: 7, count: count)
        return PackageContent.archive(symbols: ["go:cuinfo.packagename.\(path)"], rest: rest)
    }

    @Test("of one source keeps the hash of a module whose tree and zip only another source has")
    func hashAlone() async throws {
        let module = CacheModel.Module(
            path: "example.com/m",
            version: "v1.0.0",
            files: [
                (path: "go.mod", bytes: Array("module example.com/m\n".utf8), isExecutable: false),
                (path: "m.go", bytes: Array("package m\n".utf8), isExecutable: false),
            ]
        )
        var (part, whole) = (CacheModel(), CacheModel())
        try part.addModule(module, [.mod, .info, .hash])
        try whole.addModule(module)
        let packs = [
            try await bench.pack(part, as: "part", to: "part").path,
            try await bench.pack(whole, as: "whole", to: "whole").path,
        ]
        for (index, label) in ["part", "whole"].enumerated() {
            let selected = try await bench.select(packs, to: "only \(label)") { $0.only = [label] }
            #expect(try Files.id(selected.path) == Files.id(packs[index]))
        }
    }

    @Test("keeps what Go derives from a package that only another source or archive has")
    func derivedAlone() async throws {
        var (base, delta) = (CacheModel(), CacheModel())
        let (package, _) = base.addPair("package", Self.package("example.com/p"))
        for name in ["stdout", "srcfiles"] {
            let output = delta.addOutput(Array(name.utf8))
            let id = EntryClassifier.subkey(of: package, name)
            delta.addAction(id, output: output, size: name.utf8.count)
        }
        let first = try await bench.pack(base, as: "base", to: "base").path
        let second = try await bench.pack(delta, as: "delta", to: "delta").path
        let only = try await bench.select([first, second], to: "only") { $0.only = ["delta"] }
        #expect(only.report.digest == (try bench.contents(second).digest))
        let held = try await bench.select([first, second], to: "held") { $0.heldIn = [second] }
        #expect(held.report.digest == only.report.digest)
        // Beside a filter by class, they go with the package, because their class goes with it.
        let classes = try await bench.select([first, second], to: "classes") {
            ($0.only, $0.dropped) = (["delta"], [.index])
        }
        #expect(try bench.contents(classes.path).set.actions.isEmpty)
        let again = try await bench.select([classes.path], to: "again") {
            ($0.only, $0.dropped) = (["delta"], [.index])
        }
        #expect(try Files.id(again.path) == Files.id(classes.path))
    }

    @Test("without a filter is previewed with its size, unused chunks included")
    func previewOfUnion() async throws {
        var (first, second) = (CacheModel(), CacheModel())
        var source = SeededBytes(seed: 961)
        let id = CacheModel.id("disputed directory")
        for (model, name) in [(0, "a"), (1, "b")] {
            let content = source.halfRandomBytes(4_000)
            var target = model == 0 ? first : second
            let output = target.addOutput(content, executable: name)
            target.addAction(id, output: output, size: content.count)
            if model == 0 { first = target } else { second = target }
        }
        let module = CacheModel.Module(
            path: "example.com/m",
            version: "v1.0.0",
            files: [
                (path: "go.mod", bytes: Array("module example.com/m\n".utf8), isExecutable: false),
                (path: "m.go", bytes: source.halfRandomBytes(9_000), isExecutable: false),
            ]
        )
        try first.addModule(module, [.zip, .mod, .hash])
        try second.addModule(module, [.tree, .zip, .mod, .hash])
        let packs = [
            try await bench.pack(first, as: "first", to: "first").path,
            try await bench.pack(second, as: "second", to: "second").path,
        ]
        let preview = try await bench.preview(packs) { _ in }
        let real = try await bench.select(packs, to: "union")
        #expect(!(try bench.contents(real.path).set.unusedChunks.isEmpty))
        #expect(preview.report.totals.fileBytes == real.report.totals.fileBytes)
        #expect(preview.report.digest == real.report.digest)
    }

    @Test("by name takes the name from a sound copy of a damaged package, in any order of the inputs")
    func damagedName() async throws {
        var model = CacheModel()
        model.addPair("p", Self.package("example.com/p"))
        model.addPair("q", Self.package("example.com/q", 700))
        let sound = try await bench.pack(model, as: "job", to: "sound").path
        var source = SeededBytes(seed: 962)
        let damaged = try bench.damage(
            sound,
            frames: bench.contents(sound).set.chunks,
            to: "damaged",
            &source
        )
        var digests: Set<ObjectID> = []
        for (index, inputs) in [[sound], [damaged, sound], [sound, damaged]].enumerated() {
            let selected = try await bench.select(inputs, to: "selected \(index)") {
                $0.excluded = [Glob("example.com/q")].compactMap(\.self)
            }
            digests.insert(selected.report.digest)
            #expect(try bench.contents(selected.path).set.actions.count == 1)
        }
        #expect(digests.count == 1)
        let error = await failure {
            try await bench.select([damaged], to: "never") { $0.included = [Glob("*")].compactMap(\.self) }
        }
        #expect(error?.code == .corruptArchive && !Files.exists(bench.path("never")))
    }

    @Test("from many sources of many origins takes the time of each source's own")
    func manyOrigins() async throws {
        let names = try (0..<40).map { number in
            var model = CacheModel()
            for module in 0..<50 {
                let name = CacheModel.Module(
                    path: "example.com/m\(module)",
                    version: "v1.\(number).0",
                    files: []
                )
                try model.addModule(name, [.mod])
            }
            return (model, "job-\(number)")
        }
        var packs: [FilePath] = []
        for (model, label) in names {
            let packed = try await bench.pack(model, as: label, to: label) {
                $0.environment = GoEnvironment(variables: [
                    "GOVERSION": "go1.25.\(label.count)", "GOMODCACHE": "/runner/\(label)/mod",
                ])
            }
            packs.append(packed.path)
        }
        let begin = ContinuousClock.now
        _ = try await bench.select(packs, to: "all") { $0.excluded = [Glob("x")].compactMap(\.self) }
        #expect(ContinuousClock.now - begin < .seconds(60))
    }
}
