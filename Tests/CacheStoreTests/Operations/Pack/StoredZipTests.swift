import SystemPackage
import Testing

@testable import CacheStore

@Suite("Zips of modules")
struct StoredZipTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    @Test("are kept as they are where there is no tree, and restored byte for byte, also larger than a chunk")
    func zipOnly() async throws {
        var source = SeededBytes(seed: 1)
        var module = LeftOutModuleTests.module
        module.files.append(("big.bin", source.bytes(5 << 20), false))
        var model = CacheModel()
        try model.addModule(module, [.zip, .mod, .hash])
        let pack = try await bench.pack(model, to: "pack")
        #expect(
            pack.report.totals.byKind[.zip]?.contentBytes
                == model.files["\(module.download).zip"]?.bytes.count
        )
        #expect(pack.report.totals.byKind[.tree] == nil)
        #expect(try await Verify().run(pack.path).problems.isEmpty)
        for zips in [Restore.Options.ModuleZips.none, .make] {
            try await bench.restore(pack.path, to: zips.rawValue) { $0.moduleZips = zips }
            let restored = try Files.id(bench.path("\(zips.rawValue)/\(module.download).zip"))
            let original = try Files.id(bench.path("caches of pack/\(module.download).zip"))
            #expect(restored == original)
        }
    }

    @Test("are made again from the tree, with the same hash and bytes, even if the cache's own is garbage")
    func derived() async throws {
        let module = LeftOutModuleTests.module
        var model = CacheModel()
        try model.addModule(module)
        let zip = try #require(model.files["\(module.download).zip"]?.bytes)
        model.files["\(module.download).zip"]?.bytes = [1, 2, 3]
        let pack = try await bench.pack(model, to: "pack")
        #expect(pack.report.totals.byKind[.zip]?.storedBytes == 0)
        try await bench.restore(pack.path, to: "out") { $0.moduleZips = .make }
        #expect(try Files.bytes(bench.path("out/\(module.download).zip")) == zip)
        try await bench.restore(pack.path, to: "none")
        #expect(!Files.exists(bench.path("none/\(module.download).zip")))
    }

    @Test("of a toolchain have its hash although Go has added files to its tree")
    func toolchain() async throws {
        let goMod = Array("module std\n".utf8)
        let module = CacheModel.Module(
            path: "golang.org/toolchain",
            version: "v0.0.1-go1.25.5.linux-amd64",
            files: [("VERSION", [1], false), ("bin/go", [2], true), ("src/_go.mod", goMod, false)]
        )
        var model = CacheModel()
        try model.addModule(module, [.tree, .zip, .hash])
        model.files["\(module.tree)/src/go.mod"] = CacheModel.Entry(bytes: goMod, mode: 0o444)
        let pack = try await bench.pack(model, to: "pack")
        #expect(pack.report.totals.byKind[.tree]?.files == 4)
        try await bench.restore(pack.path, to: "out") { $0.moduleZips = .make }
        let zip = try Files.bytes(bench.path("out/\(module.download).zip"))
        let key = try #require(ModuleKey(module.key))
        #expect(ModuleHash.text(of: try ModuleZip.h1(of: zip, module: key)) == module.h1)
        #expect(Files.exists(bench.path("out/\(module.tree)/src/go.mod")))
        let program = try File(reading: bench.path("out/\(module.tree)/bin/go"))
        #expect(try program.status().mode == 0o555)
    }
}
