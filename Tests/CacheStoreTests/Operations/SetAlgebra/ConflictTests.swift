import SystemPackage
import Testing

@testable import CacheStore

/// Tests of unions of archives that hold different values for one key.
///
/// In a disagreement, a fixed rule keeps one value. In a conflict, Go's checksums allow only one value, and
/// the union refuses the archives.
@Suite("Where archives disagree or conflict, a union")
struct ConflictTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    private static let module = CacheModel.Module(
        path: "example.com/m",
        version: "v1.0.0",
        files: [
            ("go.mod", Array("module example.com/m\n".utf8), false),
            ("m.go", Array("package m\n".utf8), false),
        ]
    )

    @Test("restores one output of an action, the same in either order, and for one source that source's own")
    func action() async throws {
        var (first, second) = (CacheModel(), CacheModel())
        let (id, one) = first.addPair("action", [1])
        let (_, other) = second.addPair("action", [2, 2])
        let union = try await unite(first, second)
        func output(_ name: String, of labels: [String]?) async throws -> String {
            let restored = try await bench.restore(union.path, to: name) { $0.only = labels }
            #expect(restored.report.outputs.created == 1)
            let path = try #require(restored.caches.buildCache).appending(
                FilePath(BuildCacheLayout.name(ofAction: id)).components
            )
            return try String(decoding: Files.bytes(path)[68..<132], as: UTF8.self)
        }
        #expect(try await output("all", of: nil) == min(one, other).description)
        #expect(try await output("only a", of: ["a"]) == one.description)
        #expect(try await output("only b", of: ["b"]) == other.description)
        #expect(try await output("both", of: ["a", "b"]) == min(one, other).description)
        let disagreement = try #require(union.report.disagreements.first)
        #expect(union.report.disagreements.count == 1)
        #expect(disagreement.kind == .action)
        #expect(disagreement.name == CacheModel.id("action").description)
        #expect([disagreement.kept] + disagreement.dropped == [one, other].sorted().map(\.description))
        let lines = try bench.members(union.path, withSources: true).filter { $0.hasPrefix("action") }
        let expected = [(one, "a"), (other, "b")].sorted { $0.0 < $1.0 }
        #expect(lines == expected.map { "action \(id) \($0.0) [\"\($0.1)\"]" })
    }

    @Test("is the same in any steps where an output that lost comes back as a file, and in a shorter frame")
    func returningOutput() async throws {
        var source = SeededBytes(seed: 51)
        let contents = [source.halfRandomBytes(20_000), source.halfRandomBytes(20_000)]
            .sorted { ContentHasher.hash($0.span) < ContentHasher.hash($1.span) }
        var models = [CacheModel(), CacheModel(), CacheModel()]
        let (_, output) = models[0].addPair("link", contents[1], executable: "tool")
        models[1].addPair("link", contents[0])
        models[2].addPair("other link", contents[1])
        for levels in [[1, 1, 9], [9, 1, 1]] {
            let union = try await bench.expectAssociative(try await pack(models, levels: levels))
            #expect(try bench.members(union).contains("output \(output) tool"))
            #expect(try await Verify().run(union).problems.isEmpty)
        }
    }

    @Test("is the same in any steps where the bytes of a zip that a tree has replaced come back as an output")
    func returningZip() async throws {
        var models = [CacheModel(), CacheModel(), CacheModel()]
        try models[0].addModule(Self.module, [.zip, .mod, .hash])
        try models[1].addModule(Self.module, [.tree, .mod, .hash])
        models[2].addPair("embedded", try Self.module.zip)
        for levels in [[1, 1, 19], [19, 1, 1]] {
            let packs = try await pack(models, levels: levels)
            let union = try await bench.expectAssociative(packs)
            let part = try await bench.unite(packs[0], packs[1], to: "part \(levels[0])").path
            #expect(try await bench.totals(part).chunks == 3, "the zip's chunk is not kept")
            for archive in [union, part] { #expect(try await Verify().run(archive).problems.isEmpty) }
        }
    }

    private func pack(_ models: [CacheModel], levels: [Int]) async throws -> [FilePath] {
        var packs: [FilePath] = []
        for (index, model) in models.enumerated() {
            packs.append(
                try await bench.pack(model, as: "job-\(index)", to: "pack \(index) of \(levels)") {
                    $0.level = levels[index]
                }.path
            )
        }
        return packs
    }

    @Test("keeps the directory of an executable rather than the same content as a file")
    func executable() async throws {
        var (first, second) = (CacheModel(), CacheModel())
        let (_, output) = first.addPair("link", [7, 7], executable: "tool")
        second.addPair("link", [7, 7])
        let union = try await unite(first, second)
        #expect(try bench.members(union.path).contains("output \(output) tool"))
        #expect(union.report.disagreements.map(\.kind) == [.output])
        #expect(union.report.disagreements.map(\.kept) == ["a directory with `tool`"])
    }

    @Test("keeps the .info that says more")
    func info() async throws {
        var first = CacheModel()
        try first.addModule(Self.module)
        var second = first
        let long = Array(#"{"Version":"v1.0.0","Origin":{"VCS":"git"}}"#.utf8)
        second.files["\(Self.module.download).info"]?.bytes = long
        let union = try await unite(first, second)
        #expect(union.report.disagreements.map(\.kind) == [.info])
        let restored = try await bench.restore(union.path, to: "restored").caches
        let path = try #require(restored.moduleCache).appending("cache/download/example.com/m/@v/v1.0.0.info")
        #expect(try Files.bytes(path) == long)
    }

    @Test("keeps one lookup of the checksum database, the same in either order")
    func lookup() async throws {
        var (first, second) = (CacheModel(), CacheModel())
        first.addChecksumFile("sum.golang.org/lookup/example.com/m@v1.0.0", Array("head 5\n".utf8))
        second.addChecksumFile("sum.golang.org/lookup/example.com/m@v1.0.0", Array("head 7\n".utf8))
        let union = try await unite(first, second)
        #expect(union.report.disagreements.map(\.kind) == [.checksum])
        #expect(union.report.disagreements.map(\.kept) == ["head 5\n"])
        #expect(union.report.disagreements.map(\.dropped) == [["head 7\n"]])
    }

    @Test("keeps one zip of those that differ in bytes but not in content, and none where a tree can make it")
    func zip() async throws {
        var (first, second, third) = (CacheModel(), CacheModel(), CacheModel())
        try first.addModule(Self.module, [.zip, .mod, .hash])
        try second.addModule(Self.module, [.zip, .mod, .hash])
        second.files["\(Self.module.download).zip"]?.bytes = try deflatedZip()
        let union = try await unite(first, second)
        #expect(union.report.disagreements.map(\.kind) == [.zip])
        #expect(union.report.totals.byKind[.zip]?.files == 1)
        try third.addModule(Self.module, [.tree, .mod, .hash])
        let tree = try await bench.pack(third, as: "c", to: "c").path
        let whole = try await bench.unite(union.path, tree, to: "whole")
        #expect(whole.report.totals.byKind[.zip]?.contentBytes == 0)
        #expect(whole.report.totals.byKind[.tree]?.members == 1)
        #expect(try await Verify().run(whole.path).problems.isEmpty)
    }

    @Test("gives a source that had only the zip a tree that can stand for the zip")
    func zipOfOneSourceTreeOfAnother() async throws {
        var (first, second) = (CacheModel(), CacheModel())
        try first.addModule(Self.module, [.tree, .mod, .hash])
        try second.addModule(Self.module, [.zip, .mod, .hash])
        let union = try await unite(first, second)
        let restored = try await bench.restore(union.path, to: "b alone") {
            $0.only = ["b"]
            $0.moduleZips = .make
        }
        let root = try #require(restored.caches.moduleCache)
        let zip = root.appending("cache/download/example.com/m/@v/v1.0.0.zip")
        #expect(Files.exists(zip), "the zip that only b had is lost")
    }

    enum Alarm: String, CaseIterable, CustomTestStringConvertible {
        case mod, tree, tile, ziphash
        var testDescription: String { rawValue }

        /// Two caches in conflict: somebody has tampered with one of them.
        var models: (CacheModel, CacheModel) {
            get throws {
                var first = CacheModel()
                first.addChecksumFile("sum.golang.org/tile/8/0/000", [1])
                var second = first
                var changed = ConflictTests.module
                if self == .tree || self == .ziphash { changed.files[1].bytes += [0x0A] }
                let parts: CacheModel.Parts = self == .ziphash ? [.mod, .hash] : .all
                try first.addModule(ConflictTests.module)
                try second.addModule(changed, parts)
                if self == .mod { second.files["\(changed.download).mod"]?.bytes += Array("// x\n".utf8) }
                if self == .tile { second.addChecksumFile("sum.golang.org/tile/8/0/000", [2]) }
                return (first, second)
            }
        }
    }

    @Test(
        "refuses a conflict over what Go's checksums make unique, in either order, and leaves no output",
        arguments: Alarm.allCases
    )
    func supplyChain(alarm: Alarm) async throws {
        let (first, second) = try alarm.models
        let one = try await bench.pack(first, as: "a", to: "a").path
        let other = try await bench.pack(second, as: "b", to: "b").path
        let before = try bench.names
        var messages: Set<String> = []
        for inputs in [[one, other], [other, one], [one, one, other]] {
            for error in [
                await failure { try await Union().run(inputs, to: bench.path("out")) },
                await failure { try await Intersect().run(inputs, to: bench.path("out")) },
                await failure {
                    try await Difference().run(
                        inputs[0],
                        without: [inputs[inputs.count - 1]],
                        to: bench.path("out")
                    )
                },
            ] {
                #expect(error?.code == .conflict)
                let member = alarm == .tile ? "tile/8/0/000" : "example.com/m@v1.0.0"
                #expect(error?.member?.contains(member) == true)
                messages.insert(error.map(\.summary) ?? "")
            }
        }
        // Neither archive is blamed for the order of the inputs: both are named, with the values they hold.
        #expect(messages.count == 1, "\(messages)")
        let message = try #require(messages.first)
        #expect(message.contains("`\(one)`") && message.contains("`\(other)`"), "\(message)")
        #expect(message.split(separator: alarm == .tree || alarm == .ziphash ? "h1:" : "SHA-256 ").count == 3)
        #expect(try bench.names == before)
    }

    @Test("refuses two packs of one label, in either order, and takes one pack twice")
    func label() async throws {
        var (first, second) = (CacheModel(), CacheModel())
        first.addPair("one", [1])
        second.addPair("two", [2])
        let one = try await bench.pack(first, as: "job", to: "one").path
        let other = try await bench.pack(second, as: "job", to: "other").path
        let elsewhere = try await bench.pack(first, as: "job", to: "elsewhere") {
            $0.environment = GoEnvironment(variables: ["GOOS": "plan9"])
        }.path
        let before = try bench.names
        for inputs in [[one, other], [other, one], [one, elsewhere], [elsewhere, one]] {
            let error = await failure { try await Union().run(inputs, to: bench.path("out")) }
            #expect(error?.code == .duplicateLabel)
        }
        #expect(try bench.names == before)
        let union = try await bench.unite(one, one, one, to: "out")
        #expect(try Files.id(union.path) == Files.id(one))
    }

    @Test("refuses no archives at all")
    func none() async throws {
        let error = await failure { try await Union().run([], to: bench.path("out")) }
        #expect(error?.code == .badArgument)
    }

    @Test("warns of sources that were built with different Go versions")
    func environments() async throws {
        func pack(_ label: String, _ version: String) async throws -> FilePath {
            try await bench.packBuildCache(CacheModel(), as: label, to: label) {
                $0.environment = GoEnvironment(variables: ["GOVERSION": version, "GOOS": "linux"])
            }.path
        }
        let (first, second, third) = try await (
            pack("a", "go1.25.5"), pack("b", "go1.25.5"), pack("c", "go1.26.0")
        )
        #expect(try await bench.unite(first, second, to: "same").report.warnings.isEmpty)
        #expect(try await bench.unite(first, third, to: "other").report.warnings.map(\.code) == [.goVersion])
    }

    @Test("warns of two distributions only where both have entries that cgo made, and so does a restore")
    func distributions() async throws {
        var (pure, native) = (CacheModel(), CacheModel())
        pure.addPair("pure", [1])
        native.addPair("cgo", Array("// Code generated by cmd/cgo; DO NOT EDIT.\n".utf8))
        func pack(_ model: CacheModel, _ label: String) async throws -> FilePath {
            try await bench.packBuildCache(model, as: label, to: label) {
                let variables = ["GOVERSION": "go1.25.5", "CGO_ENABLED": "1", "OS_RELEASE": label]
                $0.environment = GoEnvironment(variables: variables)
            }.path
        }
        let (one, other, third) = try await (pack(native, "one"), pack(native, "two"), pack(pure, "three"))
        #expect(try await bench.unite(one, other, to: "both").report.warnings.map(\.code) == [.distribution])
        #expect(try await bench.unite(one, third, to: "mixed").report.warnings.isEmpty)
        for (archive, expected) in [(one, [Warning.Code.distribution]), (third, [])] {
            let restored = try await bench.restore(archive, to: "restored") {
                $0.environment = GoEnvironment(variables: ["GOVERSION": "go1.25.5", "OS_RELEASE": "here"])
            }
            #expect(restored.report.warnings.map(\.code) == expected)
        }
    }

    /// Packs two caches, and unites them in both orders, which must give the same archive.
    private func unite(
        _ first: CacheModel,
        _ second: CacheModel
    ) async throws -> (path: FilePath, report: Union.Report) {
        let one = try await bench.pack(first, as: "a", to: "a").path
        let other = try await bench.pack(second, as: "b", to: "b").path
        let union = try await bench.unite(one, other, to: "union")
        let reversed = try await bench.unite(other, one, to: "reversed")
        #expect(try Files.id(union.path) == Files.id(reversed.path))
        #expect(union.report.disagreements == reversed.report.disagreements)
        #expect(try await Verify().run(union.path).problems.isEmpty)
        return union
    }

    /// Returns a zip of ``module`` as another producer makes it.
    private func deflatedZip() throws -> [UInt8] {
        let files = Self.module.files.map { "(\"\($0.path)\", \($0.bytes))" }.joined(separator: ",")
        let script = """
            out = io.BytesIO()
            with zipfile.ZipFile(out, "w", 8) as z:
                for name, data in [\(files)]: z.writestr("example.com/m@v1.0.0/" + name, bytes(data))
            emit(out.getvalue())
            """
        return try #require(try Python.pieces(script).first)
    }
}
