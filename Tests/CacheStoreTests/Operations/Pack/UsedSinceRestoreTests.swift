import Glibc
import SystemPackage
import Testing

@testable import CacheStore

/// Tests of packs of what a job has used since the restore of its caches.
@Suite("Of restored caches a pack of what was used")
struct UsedSinceRestoreTests {
    private let bench: Workbench

    init() throws { bench = try Workbench() }

    /// A cache with three entries, whose times a restore sets.
    private var model: CacheModel {
        var model = CacheModel()
        for name in ["used", "idle", "other"] { model.addPair(name, Array(name.utf8)) }
        return model
    }

    /// Restores the cache for a runner.
    private func restored(_ configure: (inout Restore.Options) -> Void = { $0.profile = .ci }) async throws
        -> GoCaches
    {
        let pack = try await bench.pack(model, to: "first").path
        return try await bench.restore(pack, to: "job", configure: configure).caches
    }

    private func entry(_ name: String) -> String {
        bench.path("job/\(CacheModel.action(CacheModel.id(name)))").string
    }

    /// Sets the time of an entry to now, as Go does when it uses the entry.
    private func use(_ name: String) throws { try Files.setTime(Int(time(nil)), of: entry(name)) }

    /// Adds an entry, as a compilation does.
    private func build(_ name: String, in caches: GoCaches) throws {
        var model = CacheModel()
        model.addPair(name, Array(name.utf8))
        for (path, entry) in model.files { try Files.write(entry.bytes, to: bench.path("job/\(path)")) }
    }

    private func packUsed(
        _ caches: GoCaches,
        checkout: String = "checkout",
        to name: String = "second",
        configure: (inout Pack.Options) -> Void = { _ in }
    ) async throws -> (names: Set<String>, report: Pack.Report) {
        try Files.makeDirectory(bench.path(checkout))
        let pack = try await bench.pack(caches, to: name) {
            $0.overwrite = true
            $0.usedSinceRestore = bench.path(checkout)
            configure(&$0)
        }
        let members = try bench.members(pack.path)
        let known = ["used", "idle", "other", "new", "before", "old"]
        let names = known.filter { name in
            members.contains { $0.hasPrefix("action \(CacheModel.id(name))") }
        }
        return (Set(names), pack.report)
    }

    @Test("has the entries that Go has marked or made since, and no more")
    func used() async throws {
        let caches = try await restored()
        try use("used")
        try build("new", in: caches)
        let (names, report) = try await packUsed(caches)
        #expect(names == ["used", "new"])
        #expect(report.unused == 2)
        #expect(report.warnings.filter { $0.code == .unknownUse || $0.code == .nothingUsed } == [])
        #expect(abs((report.restoreTime ?? 0) - Int(time(nil))) < 600)
        #expect(report.leftOut.filter { $0.reason == .foreign } == [])
    }

    @Test("has everything where no restore came before, as after a cold build")
    func cold() async throws {
        let caches = try bench.write(model, to: "job")
        let (names, report) = try await packUsed(caches)
        #expect(names == ["used", "idle", "other"])
        #expect(report.restoreTime == nil)
        #expect(report.warnings.allSatisfy { $0.code != .unknownUse })
    }

    @Test("has none of the entries that were a day old before the restore, or sealed, unless used")
    func existing() async throws {
        let pack = try await bench.pack(model, to: "first").path
        let now = Int(time(nil))
        var before = CacheModel()
        for name in ["before", "old", "other"] { before.addPair(name, Array(name.utf8)) }
        let caches = try bench.write(before, to: "job")
        for (name, age) in [("before", 25 * 3_600), ("old", 3 * 86_400), ("other", -30 * 86_400)] {
            try Files.setTime(now - age, of: entry(name))
        }
        try await bench.restore(pack, to: "job") { $0.profile = .ci }
        let directory = try Directory(opening: bench.path("job/build"))
        let old = CacheModel.id("old")
        let status = try directory.directory("\(old.description.prefix(2))")?.status(of: "\(old)-a")
        #expect(status?.modified == now - 3 * 86_400, "Go removes the entry as early as before")
        #expect(try await packUsed(caches).names == [])
        try use("before")
        #expect(try await packUsed(caches).names == ["before"])
    }

    @Test("has what a job used while another restore came into the same cache, and a day later no more")
    func twice() async throws {
        let caches = try await restored()
        try use("used")
        try build("new", in: caches)
        let report = try await bench.restore(bench.path("first"), to: "job") { $0.profile = .ci }.report
        #expect(report.actions.untouched == 3)
        try use("other")
        #expect(try await packUsed(caches).names == ["used", "new", "other"])

        // A day later, another restore comes, and nobody has used the entries since.
        let dayBefore = Int(time(nil)) - 86_400 - 120
        for name in ["used", "new", "other", "idle"] { try Files.setTime(dayBefore, of: entry(name)) }
        try await bench.restore(bench.path("first"), to: "job") { $0.profile = .ci }
        try use("idle")
        #expect(try await packUsed(caches).names == ["idle"])
    }

    @Test("has what a cold build made before a restore into its cache, also where the archive has it")
    func warm() async throws {
        let pack = try await bench.pack(model, to: "first").path
        var before = CacheModel()
        for name in ["used", "new"] { before.addPair(name, Array(name.utf8)) }
        let caches = try bench.write(before, to: "job")
        for name in ["used", "new"] { try use(name) }
        try await bench.restore(pack, to: "job") { $0.profile = .ci }
        let (names, report) = try await packUsed(caches)
        #expect(names == ["used", "new"])
        #expect(report.unused == 2)
    }

    @Test("has an entry that a job made, although a restore then brought another output for it")
    func replaced() async throws {
        let pack = try await bench.pack(model, to: "first").path
        var before = CacheModel()
        let output = before.addOutput(Array("made by the job".utf8))
        before.addAction(CacheModel.id("used"), output: output, size: 15)
        // An entry that Go is writing.
        before.addPair("other", Array("other".utf8))
        let caches = try bench.write(before, to: "job")
        try Files.write([], to: FilePath(entry("other")))
        for name in ["used", "other"] { try Files.setTime(Int(time(nil)) - 60, of: entry(name)) }
        let report = try await bench.restore(pack, to: "job") { $0.profile = .ci }.report
        #expect(report.actions == Restore.Report.Tally(created: 1, replaced: 2, untouched: 0))
        #expect(try await packUsed(caches).names == ["used", "other"])
    }

    @Test("has everything after a restore for an image, with a warning, even after one for a runner")
    func sealed() async throws {
        var caches = try await restored { $0.profile = .image }
        try use("used")
        var (names, report) = try await packUsed(caches)
        #expect(names == ["used", "idle", "other"])
        #expect(report.warnings.filter { $0.code == .unknownUse }.map(\.remedy) == [.restoreForUse])
        // A restore for a runner breaks the seal, so that Go marks uses again.
        caches = try await restored2()
        try use("used")
        (names, report) = try await packUsed(caches)
        #expect(names == ["used"])
        #expect(report.warnings.allSatisfy { $0.code != .unknownUse })
        try await bench.restore(bench.path("first"), to: "job")
        (names, report) = try await packUsed(caches)
        #expect(names == ["used", "idle", "other"])
        #expect(report.restoreTime == nil)
    }

    private func restored2() async throws -> GoCaches {
        try await bench.restore(bench.path("first"), to: "job") { $0.profile = .ci }.caches
    }

    @Test("has everything after a copy that has lost the times, with a warning")
    func copied() async throws {
        let caches = try await restored()
        for name in ["used", "idle", "other"] { try use(name) }
        try Files.setTime(Int(time(nil)), of: bench.path("job/build/\(RestoreStamp.name)").string)
        let (names, report) = try await packUsed(caches)
        #expect(names == ["used", "idle", "other"])
        #expect(report.warnings.filter { $0.code == .unknownUse }.count == 1)
    }

    @Test("has nothing where no build used anything, and warns of it")
    func idle() async throws {
        let (names, report) = try await packUsed(restored())
        #expect(names == [])
        #expect(report.warnings.contains { $0.code == .nothingUsed })
    }

    @Test("can't be asked for together with a time")
    func contradiction() async throws {
        let caches = try await restored()
        let error = await failure { try await packUsed(caches) { $0.usedSince = 5 } }
        #expect(error?.code == .badArgument)
    }

    // MARK: - Modules

    private func module(_ path: String, _ version: String) -> CacheModel.Module {
        .init(path: path, version: version, files: [("go.mod", Array("module \(path)\n".utf8), false)])
    }

    private static let hash = "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="

    @Test("has of GOMODCACHE the modules that go.sum files name, of some only the .mod, and no other version")
    func modules() async throws {
        var model = model
        for version in ["v1.0.0", "v1.1.0", "v1.2.0"] {
            try model.addModule(module("example.com/Lib", version))
        }
        try model.addModule(module("example.com/tool", "v0.1.0"))
        model.addChecksumFile("sum.golang.org/lookup/example.com/tool@v0.1.0", Array("x".utf8))
        let caches = try bench.write(model, to: "job")
        let sums = """
            example.com/Lib v1.1.0 \(Self.hash)
            example.com/Lib v1.1.0/go.mod \(Self.hash)
            example.com/Lib v1.0.0/go.mod \(Self.hash)

            """
        try Files.write(Array(sums.utf8), to: bench.path("checkout/sub/go.sum"))
        let report = try await packUsed(caches).report
        let members = try bench.members(bench.path("second")).filter { !$0.hasPrefix("action") }
        let names = members.compactMap { line -> String? in
            let words = line.split(separator: " ")
            return words[0] == "output" ? nil : "\(words[0]) \(words[1].split(separator: "@").last ?? "")"
        }
        #expect(
            Set(names) == [
                "tree v1.1.0", "info v1.1.0", "mod v1.1.0", "zip v1.1.0", "ziphash v1.1.0", "info v1.0.0",
                "mod v1.0.0", "tree v0.1.0", "info v0.1.0", "mod v0.1.0", "zip v0.1.0", "ziphash v0.1.0",
            ],
            "nothing tells that the tool was not used"
        )
        #expect(report.unusedModules == 1)
    }

    @Test("has modules that came with the restore or since and have no index, with the .mod files they need")
    func unknown() async throws {
        var cache = model
        var tool = module("example.com/tool", "v0.1.0")
        let text = "module example.com/tool\n\nrequire (\n\texample.com/graph v1.0.0 // indirect\n)\n"
        tool.files[0].bytes = Array(text.utf8)
        try cache.addModule(tool)
        try cache.addModule(module("example.com/graph", "v1.0.0"))
        try cache.addModule(module("example.com/lib", "v0.9.0"))
        let pack = try await bench.pack(cache, to: "first").path
        try Files.write(
            Array("example.com/lib v1.0.0 \(Self.hash)\n".utf8),
            to: bench.path("checkout/go.sum")
        )
        let caches = try await bench.restore(pack, to: "job") { $0.profile = .ci }.caches
        try use("used")
        func packed() async throws -> Set<String> {
            _ = try await packUsed(caches)
            let members = try bench.members(bench.path("second")).filter { !$0.hasPrefix("action") }
            return Set(members.map { $0.split(separator: " ").prefix(2).joined(separator: " ") })
        }
        var found = try await packed()
        #expect(found.isSuperset(of: ["tree example.com/tool@v0.1.0", "mod example.com/graph@v1.0.0"]))
        #expect(!found.contains { $0.contains("lib@v0.9.0") }, "another version is named")
        // What was there before the restore, and has no index, is not what this job has used.
        for name in ["tool/@v/v0.1.0.mod", "graph/@v/v1.0.0.mod"] {
            let path = bench.path("job/mod/cache/download/example.com/\(name)")
            try Files.setTime(Int(time(nil)) - 4000, of: path.string)
        }
        found = try await packed()
        #expect(!found.contains { $0.contains("tool") || $0.contains("graph") }, "\(found)")
    }

    @Test("has modules whose indexes Go has used, although no go.sum names them")
    func indexed() async throws {
        let caches = bench.caches("job")
        let (tool, idle) = (module("example.com/tool", "v0.1.0"), module("example.com/idle", "v0.2.0"))
        var model = model
        for module in [tool, idle] {
            try model.addModule(module)
            let root = bench.path("job/mod").string
            let text = "go1.25.5module index go1.25.5 go index v2 \(root)/\(module.key)\n"
            let output = model.addOutput(Array("go index v2 \(module.key)\n".utf8))
            model.addAction(CacheModel.id(text), output: output, size: 12 + module.key.utf8.count + 1)
        }
        var order = SeededBytes(seed: 0)
        try model.write(to: bench.path("job"), shuffledBy: &order)
        let stamp = RestoreStamp(restoredAt: Int(time(nil)))
        try stamp.write(in: Directory(opening: bench.path("job/build")))
        let key = "go1.25.5module index go1.25.5 go index v2 \(bench.path("job/mod"))/\(tool.key)\n"
        try Files.setTime(
            Int(time(nil)),
            of: bench.path("job/\(CacheModel.action(CacheModel.id(key)))").string
        )
        let report = try await packUsed(caches) {
            $0.environment = GoEnvironment(variables: ["GOVERSION": "go1.25.5"])
        }.report
        let trees = try bench.members(bench.path("second")).filter { $0.hasPrefix("tree") }
        #expect(trees.count == 1 && trees[0].contains("tool"), "\(trees)")
        // The checkout has no go.sum, which may be a mistake.
        let warning = report.warnings.first { $0.code == .unknownUse }
        #expect(warning?.remedy == .nameCheckout)
        #expect(warning?.message.contains("1 module") == true, "\(String(describing: warning))")
    }

    @Test("has all modules, with a warning, where Go is kept from asking for indexes")
    func withoutIndexes() async throws {
        var model = model
        try model.addModule(module("example.com/lib", "v0.9.0"))
        try model.addModule(module("example.com/lib", "v1.0.0"))
        let caches = try bench.write(model, to: "job")
        try Files.write(
            Array("example.com/lib v1.0.0 \(Self.hash)\n".utf8),
            to: bench.path("checkout/go.sum")
        )
        for (debug, count) in [("gctrace=0,goindex=0", 2), ("", 1)] {
            let use = try JobUse(
                in: bench.path("checkout"),
                BuildModules(),
                caches,
                builtIn: [],
                GoEnvironment(),
                debug: debug
            )
            let scan = try ModuleCacheScan(FileTree(bench.path("job/mod")))
            let modules = try use.selecting(from: scan)
            #expect(modules.scan.trees.count == count)
            #expect(modules.unknown == count - 1)
            #expect(modules.unused == 2 - count)
        }
    }

    @Test("warns where the builds have asked for no index, and modules are left out that no go.sum names")
    func unindexed() async throws {
        var cache = model
        try cache.addModule(module("example.com/lib", "v0.9.0"))
        let pack = try await bench.pack(cache, to: "first").path
        try Files.write(
            Array("example.com/lib v1.0.0 \(Self.hash)\n".utf8),
            to: bench.path("checkout/go.sum")
        )
        let caches = try await bench.restore(pack, to: "job") { $0.profile = .ci }.caches
        try use("used")
        var warnings = try await packUsed(caches).report.warnings
        #expect(warnings.filter { $0.code == .unknownUse }.map(\.remedy) == [.useIndexes], "\(warnings)")
        #expect(!warnings.contains { $0.code == .emptyCache }, "GOMODCACHE holds a module: \(warnings)")
        // An index of the standard library, as each other build uses one.
        var index = CacheModel()
        index.addPair("index", Array("go index v2 of a package\n".utf8))
        for (path, entry) in index.files { try Files.write(entry.bytes, to: bench.path("job/\(path)")) }
        warnings = try await packUsed(caches).report.warnings
        #expect(warnings.filter { $0.code == .unknownUse } == [])
    }

    @Test("does not warn of a missing go.sum where the checkout needs no modules")
    func standardLibrary() async throws {
        var cache = model
        try cache.addModule(module("example.com/lib", "v1.0.0"))
        let caches = try bench.write(cache, to: "job")
        // The module was there before the restore.
        let stamp = RestoreStamp(restoredAt: Int(time(nil)) + 3600)
        try stamp.write(in: Directory(opening: bench.path("job/build")))
        for (text, expected) in [("module x\n", 0), ("module x\nrequire example.com/lib v1.0.0\n", 1)] {
            try Files.write(Array(text.utf8), to: bench.path("checkout/go.mod"))
            let report = try await packUsed(caches).report
            #expect(report.unusedModules == 1)
            #expect(report.warnings.filter { $0.code == .unknownUse }.count == expected)
        }
        let empty = try bench.write(self.model, to: "empty")
        try Files.makeDirectory(bench.path("empty/mod"))
        for (text, expected) in [("module x\n", 0), ("module x\nrequire example.com/lib v1.0.0\n", 1)] {
            try Files.write(Array(text.utf8), to: bench.path("checkout/go.mod"))
            let warnings = try await packUsed(empty).report.warnings
            #expect(warnings.filter { $0.code == .emptyCache }.count == expected, "\(warnings)")
        }
    }

    @Test("has the toolchain that runs, and the checksums that Go asks for whenever it switches to it")
    func toolchain() async throws {
        var model = model
        for version in ["go1.25.5", "go1.24.1"] {
            try model.addModule(module("golang.org/toolchain", "v0.0.1-\(version).linux-amd64"))
        }
        model.addChecksumFile("sum.golang.org/tile/8/0/000", Array("x".utf8))
        let caches = try bench.write(model, to: "job")
        try Files.write([], to: bench.path("checkout/go.sum"))
        let root = bench.path("job/mod/golang.org/toolchain@v0.0.1-go1.25.5.linux-amd64")
        _ = try await packUsed(caches) {
            $0.environment = GoEnvironment(variables: ["GOVERSION": "go1.25.5", "GOROOT": root.string])
        }
        let members = try bench.members(bench.path("second"))
        #expect(members.filter { $0.hasPrefix("tree") }.map { $0.contains("go1.25.5") } == [true])
        #expect(members.contains { $0.hasPrefix("checksum") })
    }
}
