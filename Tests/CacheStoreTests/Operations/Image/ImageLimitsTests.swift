import SystemPackage
import Testing

@testable import CacheStore

/// Tests of the limits of engines and registries, and of the place where an image goes.
@Suite("An image at a limit")
struct ImageLimitsTests {
    private let bench: Workbench
    private let archive: FilePath
    private let fixture: ImageFixture

    init() async throws {
        bench = try Workbench()
        var model = CacheModel()
        model.addPair("one", [1, 2, 3])
        try model.addModule(
            CacheModel.Module(
                path: "example.com/m",
                version: "v1.0.0",
                files: [("go.mod", [1], false), (String(repeating: "long/", count: 40) + "file", [1], false)]
            )
        )
        archive = try await bench.pack(model, to: "pack").path
        fixture = ImageFixture(bench.path("base"))
    }

    private func build(
        _ name: String = "image",
        configure: (inout Layers.Options) -> Void = { _ in }
    ) async throws -> (layout: ImageLayout, report: Layers.Report) {
        try await bench.image(archive, to: name) {
            $0.base = Layers.Options.BaseReference(layout: bench.path("base"))
            configure(&$0)
        }
    }

    private func base(layers count: Int, configure: (inout [String: Any]) -> Void = { _ in }) throws {
        let layers = (0..<count).map { [ImageFixture.File.directory("d\($0)")] }
        try fixture.finish([try fixture.image(layers: layers, configure: configure)])
    }

    @Test("of layers counts those of the base: one more is refused, and a cut makes fewer")
    func layers() async throws {
        try base(layers: 123)
        let below = try await build("of Docker")
        #expect(below.layout.layers.count == 125)
        #expect(!below.report.warnings.contains { $0.code == .layerSize })
        try base(layers: 125)
        let most = try await build("at the limit")
        #expect(most.layout.layers.count == 127)
        #expect(most.report.warnings.contains { $0.code == .layerSize })
        try base(layers: 126)
        let error = await failure { try await build() }
        #expect(error?.code == .badArgument)
        #expect(error?.message.contains("126 layers") == true)
        #expect(error?.remedy == .flattenBase)
        #expect(try await build("cut") { $0.splits = true }.layout.layers.count == 127)
        #expect(try await build("one cache") { $0.caches.buildCache = nil }.layout.layers.count == 127)
        try base(layers: 127)
        #expect(await failure { try await build { $0.splits = true } }?.code == .badArgument)
        #expect(!Files.exists(bench.path("image")))
    }

    @Test("of documents is refused, because registries refuse it")
    func documents() async throws {
        try base(layers: 1) { $0["author"] = String(repeating: "x", count: 4 << 20) }
        let error = await failure { try await build() }
        #expect(error?.code == .badArgument)
        #expect(error?.message.contains("configuration") == true)
    }

    @Test("of paths is refused, and the error names the module")
    func paths() async throws {
        let directory = "/" + String(repeating: "x/", count: 1950) + "m"
        let error = await failure {
            try await bench.image(archive, to: "image") { $0.caches.moduleCache = FilePath(directory) }
        }
        #expect(error?.code == .badArgument)
        #expect(error?.member == "tree example.com/m@v1.0.0")
        #expect(!Files.exists(bench.path("image")))
    }

    @Test("of layers for a registry is said: the layer, and what to do")
    func bytes() {
        let id = CacheModel.id("layer")
        let layer = Layers.Report.Layer(
            title: "GOCACHE",
            digest: id,
            diffID: id,
            bytes: 12_000_000_000,
            tarBytes: 0,
            splicedBytes: 0,
            sources: []
        )
        let warnings = ImageLimits.warnings(about: [layer], above: nil, isSplit: false)
        #expect(warnings.map(\.code) == [.layerSize])
        #expect(warnings.first?.message.contains("`GOCACHE` has 12 GB") == true)
        #expect(warnings.first?.remedy == .cutLayers)
    }

    @Test("of a path with directories that are missing makes them, and removes them if it fails")
    func parents() async throws {
        try await bench.image(archive, to: "new/deep/image")
        #expect(Files.exists(bench.path("new/deep/image/index.json")))
        let error = await failure {
            try await bench.image(archive, to: "other/deep/image") { $0.only = ["none"] }
        }
        #expect(error?.code == .badArgument)
        #expect(!Files.exists(bench.path("other")))
        _ = await failure { try await bench.image(archive, to: "new/deep/image") }
        #expect(Files.exists(bench.path("new/deep/image/index.json")))
        let blocked = await failure { try await bench.image(archive, to: "pack/deep/image") }
        #expect(blocked != nil)
    }
}
