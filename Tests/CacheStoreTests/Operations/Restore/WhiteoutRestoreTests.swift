import SystemPackage
import Testing

@testable import CacheStore

@Suite("A name that an image's layer takes for a removal")
struct WhiteoutRestoreTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    private static func module(_ path: String) -> CacheModel.Module {
        CacheModel.Module(
            path: "example.com/M",
            version: "v1.0.0",
            files: [
                ("go.mod", Array("module example.com/M\n".utf8), false), (path, [1], false),
                ("m.go", Array("package m\n".utf8), false),
            ]
        )
    }

    private func packed(_ module: CacheModel.Module) async throws -> FilePath {
        var model = CacheModel()
        try model.addModule(module, [.tree, .info, .mod, .hash])
        return try await bench.packKeepingTrees(model, to: "pack")
    }

    private func files(_ module: CacheModel.Module) throws -> (tree: [String], downloads: [String]) {
        let paths = try TreeSnapshot(of: bench.path("out")).files.keys
        return (
            paths.filter { $0.hasPrefix(module.tree) }.sorted(),
            paths.filter { $0.hasPrefix(module.download) }.map { String($0.split(separator: ".").last ?? "") }
                .sorted()
        )
    }

    @Test(
        "brings the module into an image as its zip, with a warning",
        arguments: ["testdata/.wh.x", ".wh..wh..opq/a", "a/.wh.b/c", ".wh.a"]
    )
    func image(path: String) async throws {
        let module = Self.module(path)
        let pack = try await packed(module)
        let report = try await bench.restore(pack, to: "out").report
        #expect(report.warnings.filter { $0.code == .whiteoutName }.count == 1)
        #expect(
            report.warnings.first { $0.code == .whiteoutName }?.message.contains("example.com/!m") == true
        )
        let found = try files(module)
        #expect(found.tree == [])
        #expect(found.downloads == ["info", "lock", "mod", "zip", "ziphash"])
        let zip = try File(reading: bench.path("\("out/" + module.download).zip"))
        let key = try #require(ModuleKey(module.key))
        #expect(ModuleHash.text(of: try ModuleZip.h1(of: zip, module: key)) == module.h1)
        let again = try await bench.restore(pack, to: "out").report
        #expect(again.bytesWritten == 0 && again.removed == 0)
    }

    @Test("changes nothing where no layer is made", arguments: [CacheProfile.ci, .readonly])
    func disk(profile: CacheProfile) async throws {
        let module = Self.module("testdata/.wh.x")
        let report = try await bench.restore(packed(module), to: "out") { $0.profile = profile }.report
        #expect(try files(module).tree.count == 3)
        #expect(report.warnings.contains { $0.code == .whiteoutName } == (profile == .readonly))
    }

    @Test("changes nothing if it only looks like one", arguments: ["a.wh.b", ".whx/a", "wh.a", ".WH.a"])
    func lookalike(path: String) async throws {
        let module = Self.module(path)
        let report = try await bench.restore(packed(module), to: "out").report
        #expect(try files(module).tree.count == 3)
        #expect(!report.warnings.contains { $0.code == .whiteoutName })
    }

    @Test("lets a tree stay that Go has unpacked, and takes a damaged one away", arguments: [false, true])
    func existing(isDamaged: Bool) async throws {
        let module = Self.module("testdata/.wh.x")
        let pack = try await packed(module)
        try await bench.restore(pack, to: "out") { $0.profile = .ci }
        if isDamaged {
            let testdata = try Directory(opening: bench.path("out/\(module.tree)/testdata"))
            try testdata.setMode(0o755)
            try testdata.remove(".wh.x")
        }
        let report = try await bench.restore(pack, to: "out").report
        #expect(try files(module).tree.count == (isDamaged ? 0 : 3))
        #expect(report.treeFiles.untouched == (isDamaged ? 0 : 3))
        #expect(try files(module).downloads.contains("zip"))
        #expect(try !files(module).downloads.contains("partial"))
    }

    @Test("takes away a damaged tree of a module that is packed as its zip", arguments: CacheProfile.allCases)
    func zipAlone(profile: CacheProfile) async throws {
        let module = Self.module("testdata/.wh.x")
        var model = CacheModel()
        try model.addModule(module, [.zip, .info, .mod, .hash])
        let pack = try await bench.pack(model, to: "zip").path
        try await bench.restore(packed(module), to: "out") { $0.profile = .ci }
        let right = try await bench.restore(pack, to: "out") { $0.profile = profile }.report
        #expect(try files(module).tree.count == 3 && right.removed == 0)
        let tree = try Directory(opening: bench.path("out/\(module.tree)"))
        try tree.setMode(0o755)
        try tree.remove("m.go")
        let report = try await bench.restore(pack, to: "out") { $0.profile = profile }.report
        #expect(try files(module).tree.isEmpty && report.removed == 1)
        // Nobody can unpack the zip there, so a build fails instead of using what is wrong.
        #expect(report.warnings.contains { $0.code == .whiteoutName } == (profile == .readonly))
        #expect(try !files(module).downloads.contains("partial"))
    }

    @Test("is told where Go can't unpack the zip that holds it")
    func zipForReaders() async throws {
        for (path, isTold) in [("testdata/.wh.x", true), ("testdata/x", false)] {
            var model = CacheModel()
            try model.addModule(Self.module(path), [.zip, .info, .mod, .hash])
            let pack = try await bench.pack(model, to: "pack \(isTold)").path
            let report = try await bench.restore(pack, to: "out \(isTold)") { $0.profile = .readonly }.report
            #expect(report.warnings.contains { $0.code == .whiteoutName } == isTold)
        }
    }

    @Test("leaves a program out of an image, with the entry that refers to it")
    func program() async throws {
        var model = CacheModel()
        let (action, output) = model.addPair("program", [1, 2, 3], executable: ".wh.tool")
        model.addPair("other", [4], executable: "tool")
        let pack = try await bench.pack(model, to: "pack").path
        let image = try await bench.restore(pack, to: "image").report
        #expect(image.outputs.created == 1 && image.actions.created == 1)
        #expect(image.warnings.contains { $0.code == .whiteoutName && $0.message.contains(".wh.tool") })
        #expect(image.digest != image.archiveDigest)
        #expect(!Files.exists(bench.path("image/\(CacheModel.output(output))")))
        #expect(!Files.exists(bench.path("image/\(CacheModel.action(action))")))
        let disk = try await bench.restore(pack, to: "disk") { $0.profile = .ci }.report
        #expect(disk.outputs.created == 2 && disk.digest == disk.archiveDigest)
    }
}
