import SystemPackage
import Testing

@testable import CacheStore

/// Tests of images whose caches have names by which layers remove files.
@Suite("A name that layers give another meaning")
struct WhiteoutNamesTests {
    private let bench: Workbench

    init() throws { bench = try Workbench() }

    private func module(_ name: String, _ paths: [String], size: Int = 10) -> CacheModel.Module {
        var random = SeededBytes(seed: UInt64(size))
        let files = ["go.mod"] + paths
        return CacheModel.Module(
            path: "example.com/\(name)",
            version: "v1.0.0",
            files: files.map { ($0, random.bytes(size), false) }
        )
    }

    /// Writes an image of a model, and returns the paths in it, the unpacked image and the warnings.
    private func build(
        _ model: CacheModel,
        _ name: String,
        _ profile: CacheProfile = .image
    ) async throws -> (root: FilePath, names: Set<String>, warnings: [Warning]) {
        let archive = try await bench.packKeepingTrees(model, to: name)
        let (layout, report) = try await bench.image(archive, to: "image \(name)") {
            $0.caches = GoCaches(buildCache: "/b", moduleCache: "/m")
            $0.profile = profile
        }
        try layout.check()
        var names: Set<String> = []
        for digest in layout.digests {
            let path = layout.path.appending("blobs/sha256/\(digest.dropFirst(7))").string
            names.formUnion(
                try shell(#"zstd -dcq <"$0" | tar -t"#, path).split(separator: "\n").map(String.init)
            )
        }
        #expect(!names.contains { PathRules.isWhiteout($0) })
        try layout.unpack(to: bench.path("out \(name)"))
        return (bench.path("out \(name)"), names, report.warnings.filter { $0.code == .whiteoutName })
    }

    @Test(
        "in a module makes the image hold the module's zip, from which Go makes the tree",
        arguments: [
            ["testdata/.wh.layer", "testdata/layer"], [".wh.directory/a", "b"], [".wh..wh..opq"],
            ["a/.wh.b/c/d"],
        ]
    )
    func tree(paths: [String]) async throws {
        let wrong = module("wrong", paths)
        var model = CacheModel()
        try model.addModule(wrong, [.tree, .info, .mod, .hash])
        try model.addModule(module("right", ["a", "a.wh.b", "wh.c"]), [.tree, .info, .mod, .hash])
        let (root, names, warnings) = try await build(model, "tree")
        #expect(names.contains("m/example.com/right@v1.0.0/a.wh.b"))
        #expect(!names.contains { $0.hasPrefix("m/example.com/wrong@") })
        #expect(warnings.map(\.message).filter { $0.contains("example.com/wrong@v1.0.0") }.count == 1)
        #expect(warnings.count == 1)
        let download = root.appending(FilePath("m/cache/download/example.com/wrong/@v").components)
        #expect(try Files.bytes(download.appending("v1.0.0.zip")) == wrong.zip)
        #expect(try Files.bytes(download.appending("v1.0.0.ziphash")) == Array(wrong.h1.utf8))
        #expect(Files.exists(download.appending("v1.0.0.mod")))
        #expect(Files.exists(download.appending("v1.0.0.info")))
        #expect(Files.exists(download.appending("v1.0.0.lock")))
    }

    @Test("in a large module makes one zip of many chunks")
    func large() async throws {
        let wrong = module("wrong", (0..<6).map { "d\($0)/.wh.\($0)" }, size: 3_000_000)
        var model = CacheModel()
        try model.addModule(wrong)
        let (root, _, _) = try await build(model, "large")
        let zip = root.appending(FilePath("m/cache/download/example.com/wrong/@v/v1.0.0.zip").components)
        let expected = try wrong.zip
        #expect(try Files.id(zip) == ContentHasher.hash(expected.span))
    }

    @Test("in a module of which an archive holds the zip is no reason to hold the tree")
    func stored() async throws {
        let wrong = module("wrong", ["a/.wh.b"])
        var model = CacheModel()
        try model.addModule(wrong, [.zip, .info, .mod, .hash])
        let (_, names, _) = try await build(model, "stored")
        #expect(names.contains("m/cache/download/example.com/wrong/@v/v1.0.0.zip"))
        let readonly = try await build(model, "stored readonly", .readonly)
        #expect(readonly.names.contains("m/cache/download/example.com/wrong/@v/v1.0.0.zip"))
    }

    @Test("in a module is said to break builds where nobody can write")
    func readonly() async throws {
        var model = CacheModel()
        try model.addModule(module("wrong", ["a/.wh.b"]))
        let (_, _, warnings) = try await build(model, "readonly", .readonly)
        #expect(warnings.count == 1)
        #expect(warnings.first?.message.contains("builds that need it fail") == true)
        #expect(warnings.first?.remedy == .useImageProfile)
    }

    @Test("of an executable leaves the executable out, with its entry, and says so")
    func executable() async throws {
        var model = CacheModel()
        let (action, output) = model.addPair("tool", [1, 2, 3], executable: ".wh.tool")
        let (kept, _) = model.addPair("other", [4, 5], executable: "tool")
        let (_, names, warnings) = try await build(model, "executable")
        #expect(!names.contains { $0.contains(action.description) || $0.contains(output.description) })
        #expect(names.contains { $0.contains(kept.description) })
        #expect(warnings.map { $0.message.contains("`.wh.tool`") } == [true])
    }
}
