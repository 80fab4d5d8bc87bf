import SystemPackage
import Testing

@testable import CacheStore

@Suite("The modules that go.sum files name")
struct NamedModulesTests {
    private let bench: Workbench

    init() throws { bench = try Workbench() }

    private func write(_ path: String, _ text: String) throws {
        try Files.write(Array(text.utf8), to: bench.path(path))
    }

    private func needed(in names: String..., apartFrom others: [String] = []) async throws -> NamedModules {
        try await NamedModules(
            neededIn: names.map(bench.path),
            asking: nil,
            apartFrom: others.map(bench.path)
        )
    }

    @Test("are those with a hash: of the zip, or of the go.mod alone")
    func names() async throws {
        try write("src/go.mod", "module m\n\nrequire example.com/a v1.0.0\n")
        try write(
            "src/go.sum",
            "example.com/a v1.0.0 h1:a=\r\nexample.com/a v1.0.0/go.mod h1:b=\r\n"
                + "example.com/a v1.0.0 h1:a=\n\n"
                + "github.com/Azure/Kit v2.0.0+incompatible h1:c=\n"
                + "example.com/b/v2\tv2.1.0  h1:d=\n"
                + "example.com/graph v0.1.0/go.mod h1:e=\n"
                + "example.com/later v1.0.0 h9:f=\nexample.com/broken v1.0.0\n../up v1.0.0 h1:g=\n"
        )
        let named = try await needed(in: "src")
        #expect(
            named.modules
                == [
                    "example.com/a@v1.0.0", "example.com/b/v2@v2.1.0",
                    "github.com/Azure/Kit@v2.0.0+incompatible",
                ]
        )
        #expect(named.modulesOfModFiles == ["example.com/a@v1.0.0", "example.com/graph@v0.1.0"])
        #expect(named.warnings.isEmpty)
    }

    @Test("are those of the workspace and its modules, above the directory and below it")
    func workspace() async throws {
        try write("work/go.work", "go 1.21\n\nuse (\n\t./a\n\t./b\n)\n")
        try write("work/go.work.sum", "example.com/work v1.0.0 h1:w=\n")
        for name in ["a", "b"] {
            try write("work/\(name)/go.mod", "module example.org/\(name)\n")
            try write("work/\(name)/go.sum", "example.com/\(name) v1.0.0 h1:\(name)=\n")
        }
        try write("work/a/tools/go.mod", "module example.org/tools\n")
        try write("work/a/tools/go.sum", "example.com/tool v1.0.0 h1:t=\n")
        let whole = try await needed(in: "work")
        #expect(
            whole.modules
                == ["a", "b", "tool", "work"].map { "example.com/\($0)@v1.0.0" }
        )
        // Without Go, nothing tells of the other modules of the workspace, and a warning says so.
        let part = try await needed(in: "work/a")
        #expect(part.modules == ["a", "tool", "work"].map { "example.com/\($0)@v1.0.0" })
        #expect(part.warnings.map(\.code) == [.unknownModules])
        #expect(try await needed(in: "work/b", "work/a").modules == whole.modules)
    }

    @Test("are not those of directories in place of modules, nor those of caches below")
    func others() async throws {
        try write("src/go.mod", "module m\n\nrequire example.com/a v1.0.0\n\nreplace example.com/a => ../a\n")
        try write("a/go.mod", "module example.com/a\n")
        try write("a/go.sum", "example.com/of/a v1.0.0 h1:a=\n")
        try write("src/.cache/example.com/x@v1.0.0/go.sum", "example.com/of/x v1.0.0 h1:x=\n")
        let named = try await needed(in: "src", apartFrom: ["src/.cache", "absent"])
        #expect(named.isEmpty && named.warnings.isEmpty)
        #expect(
            try await needed(in: "src", "a").modules == [
                "example.com/of/a@v1.0.0", "example.com/of/x@v1.0.0",
            ]
        )
    }

    @Test("are none in a module without requirements; a warning tells of requirements without a go.sum")
    func withoutSums() async throws {
        try write("alone/go.mod", "module m\n")
        let alone = try await needed(in: "alone")
        #expect(alone.isEmpty && alone.warnings.isEmpty)
        try write("careless/go.mod", "module m\n\nrequire example.com/a v1.0.0\n")
        let careless = try await needed(in: "careless")
        #expect(careless.isEmpty)
        #expect(careless.warnings.map(\.code) == [.unknownModules])
        #expect(careless.warnings.first?.remedy == .makeSums)
        #expect(careless.warnings.first?.message.contains("careless/go.mod") == true)
    }

    @Test("can't be found where there is no module, or no directory")
    func nothing() async throws {
        try Files.makeDirectory(bench.path("empty"))
        let empty = await failure { try await needed(in: "empty") }
        #expect(empty?.code == .badArgument)
        #expect(empty?.remedy == .nameSources)
        #expect(empty?.path == bench.path("empty"))
        #expect(await failure { try await needed(in: "absent") }?.code == .notFound)
        try write("file", "x\n")
        #expect(await failure { try await needed(in: "file") }?.code == .notFound)
    }

    @Test("of files that are named must be there, and must be a go.sum")
    func files() async throws {
        try write("go.sum", "example.com/a v1.0.0 h1:a=\n")
        try write("go.mod", "module m\n\nrequire (\n\texample.com/a v1.0.0 // indirect\n)\n")
        try write("empty", "")
        func read(_ name: String) async -> CacheStoreError? {
            await failure { try await NamedModules(reading: [bench.path("go.sum"), bench.path(name)]) }
        }
        #expect(try await NamedModules(reading: [bench.path("go.sum")]).modules == ["example.com/a@v1.0.0"])
        #expect(await read("absent")?.code == .notFound)
        for name in ["go.mod", "empty"] {
            let error = await read(name)
            #expect(error?.code == .badArgument && error?.path == bench.path(name), "\(name)")
        }
        try Files.makeDirectory(bench.path("directory"))
        #expect(await read("directory")?.code == .badArgument)
    }

    @Test("that are absent are named in one warning, whole modules first")
    func absence() async throws {
        let lines = (1...5).map {
            "example.com/m\($0) v1.0.0 h1:x=\nexample.com/m\($0) v1.0.0/go.mod h1:y=\n"
        }
        try write("go.sum", lines.joined() + "example.com/g v1.0.0/go.mod h1:z=\n")
        let named = try await NamedModules(reading: [bench.path("go.sum")])
        let warning = try #require(named.absenceWarning(from: ["a.castore"]))
        #expect(warning.code == .absentModules)
        #expect(
            warning.message
                == "go.sum names 5 modules (`example.com/m1@v1.0.0`, `example.com/m2@v1.0.0`, "
                + "`example.com/m3@v1.0.0` and 2 more) and the go.mod of 1 module (`example.com/g@v1.0.0`), "
                + "neither in `a.castore` nor in GOMODCACHE: builds that need them download them"
        )
        #expect(named.absenceWarning(from: ["a", "b"])?.message.contains("in no archive") == true)
        let none = named.removing { _ in
            true
        } modFiles: { _ in
            true
        }
        #expect(none.isEmpty && none.absenceWarning(from: ["a"]) == nil)
    }
}
