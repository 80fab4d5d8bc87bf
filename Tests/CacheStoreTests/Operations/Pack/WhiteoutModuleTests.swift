import SystemPackage
import Testing

@testable import CacheStore

/// Tests of modules with names that image layers take for a removal.
@Suite("A module with a file whose name begins with `.wh.`")
struct WhiteoutModuleTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    private static func module(_ names: [String], path: String = "example.com/r") -> CacheModel.Module {
        CacheModel.Module(
            path: path,
            version: "v1.0.0",
            files: names.map { ($0, Array("content of \($0)\n".utf8), false) }
        )
    }

    private static func names(_ path: FilePath) throws -> [Member.Kind: Int] {
        var counts: [Member.Kind: Int] = [:]
        for member in try ArchiveContents(
            archive: Archive(opening: path),
            set: Archive(opening: path).members().set,
            digest: Archive(opening: path).members().digest
        ).members {
            counts[member.kind, default: 0] += 1
        }
        return counts
    }

    @Test(
        "travels as its zip, and pack says so once, with a code",
        arguments: [
            ["a.go", "testdata/.wh.layer2.txt", "testdata/layer2.txt"], [".wh.a", "a.go"],
            ["a.go", "x/.wh..wh..opq"],
            ["a.go", "deep/er/.wh.dir/file"], ["a.go", ".wh..x"],
        ]
    )
    func travels(names: [String]) async throws {
        let module = Self.module(names, path: "example.com/Upper/r")
        for parts in [CacheModel.Parts.all, [.tree, .mod, .hash, .info]] {
            var model = CacheModel()
            try model.addModule(module, parts)
            try model.addModule(Self.module(["a.go"], path: "example.com/plain"), parts.subtracting(.zip))
            let name = parts == .all ? "with zip" : "without zip"
            let pack = try await bench.pack(model, to: name)
            let found = try Self.names(pack.path)
            #expect(found[.tree] == 1 && found[.ziphash] == 2, "\(found)")
            #expect(pack.report.leftOut.allSatisfy { !$0.reason.isDamage })
            let warnings = pack.report.warnings.filter { $0.code == .whiteoutName }
            #expect(warnings.count == 1)
            #expect(warnings.first?.message.contains("`example.com/Upper/r@v1.0.0`") == true)
            #expect(try await Verify().run(pack.path).problems.isEmpty)
            try await bench.restore(pack.path, to: "out of \(name)")
            let zip = try Files.bytes(bench.path("out of \(name)/\(module.download).zip"))
            let key = try #require(ModuleKey(module.key))
            #expect(ModuleHash.text(of: try ModuleZip.h1(of: zip, module: key)) == module.h1)
            #expect(!Files.exists(bench.path("out of \(name)/\(module.tree)")))
            // The zip that was restored is the one that is packed again, and the warning comes again.
            let again = try await bench.pack(bench.caches("out of \(name)"), to: "again \(name)")
            #expect(again.report.digest == pack.report.digest)
            #expect(again.report.warnings.contains { $0.code == .whiteoutName })
        }
    }

    @Test("gives the same zip whether the cache has one or not, so that the packs of two jobs agree")
    func agrees() async throws {
        let module = Self.module(["a.go", ".wh.a.go"])
        var (first, second) = (CacheModel(), CacheModel())
        try first.addModule(module)
        try second.addModule(module, [.tree, .mod, .hash, .info])
        first.files["\(module.download).zip"]?.bytes = [1, 2, 3]
        let one = try await bench.pack(first, as: "a", to: "a")
        let other = try await bench.pack(second, as: "b", to: "b")
        let union = try await bench.unite(one.path, other.path, to: "union")
        #expect(union.report.disagreements.isEmpty)
        #expect(one.report.digest == other.report.digest)
    }

    @Test("is left out as changed or damaged if its files are not those of its hash")
    func damaged() async throws {
        let module = Self.module(["a.go", ".wh.a.go"])
        var model = CacheModel()
        try model.addModule(module, [.tree, .mod, .hash])
        model.files["\(module.tree)/a.go"]?.bytes = [1]
        let pack = try await bench.pack(model, to: "pack")
        #expect(pack.report.leftOut.contains { $0.reason == .wrongModuleHash })
        #expect(try Self.names(pack.path)[.zip] == nil)
    }

    @Test("is not one of other names", arguments: ["wh.a", ".whx", "a.wh.b", ".w.h.a", "x.wh/a"])
    func others(name: String) async throws {
        var model = CacheModel()
        try model.addModule(Self.module(["a.go", name]))
        let pack = try await bench.pack(model, to: "pack")
        #expect(pack.report.totals.byKind[.tree]?.members == 1)
        #expect(!pack.report.warnings.contains { $0.code == .whiteoutName })
    }

    @Test("and a module without files travel as zips")
    func empty() async throws {
        let module = Self.module([])
        var model = CacheModel()
        try model.addModule(module, [.mod, .hash])
        let caches = try bench.write(model, to: "caches")
        try Files.makeDirectory(bench.path("caches/\(module.tree)"))
        let pack = try await bench.pack(caches, to: "pack")
        #expect(pack.report.leftOut.allSatisfy { !$0.reason.isDamage }, "\(pack.report.leftOut)")
        #expect(try Self.names(pack.path)[.zip] == 1)
        #expect(try await Verify().run(pack.path).problems.isEmpty)
    }
}
