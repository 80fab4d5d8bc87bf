import Glibc
import SystemPackage
import Testing

@testable import CacheStore

/// Tests of packs of what go commands have logged that they used.
@Suite("A pack of what was logged")
struct LoggedUseTests {
    private let bench: Workbench

    init() throws {
        bench = try Workbench()
        try Files.makeDirectory(bench.path("checkout"))
    }

    /// Writes a log beside `log`, and returns the choice of it.
    private func logged(_ actions: some Sequence<ObjectID>, _ rest: String = "") throws -> Pack.LoggedUse {
        try Files.write(UseLog.lines(Set(actions)) + Array(rest.utf8), to: bench.path("log.used"))
        return Pack.LoggedUse(logs: [bench.path("log")], checkout: bench.path("checkout"))
    }

    private func pack(
        _ caches: GoCaches,
        _ use: Pack.LoggedUse?,
        to name: String = "pack",
        configure: (inout Pack.Options) -> Void = { _ in }
    ) async throws -> (path: FilePath, report: Pack.Report) {
        try await bench.pack(caches, to: name) {
            $0.overwrite = true
            $0.loggedUse = use
            configure(&$0)
        }
    }

    /// Returns the action IDs of an archive.
    private func actions(_ archive: FilePath) throws -> Set<ObjectID> {
        Set(
            try bench.contents(archive).members.filter { $0.kind == .action }.compactMap { ObjectID($0.name) }
        )
    }

    /// Returns the outputs to which the actions of an archive refer, or those that it has.
    private func outputs(_ archive: FilePath, referred: Bool) throws -> Set<String> {
        let members = try bench.contents(archive).members
        return referred
            ? Set(members.filter { $0.kind == .action }.map(\.detail))
            : Set(members.filter { $0.kind == .output }.map(\.name))
    }

    /// A GOCACHE with random entries, of which some share outputs.
    private func randomCache(_ seed: UInt64) throws -> GoCaches {
        var model = try RandomCaches(seed: seed, jobs: 1, pairs: 60).jobs[0]
        for name in ["twin 1", "twin 2"] { model.addPair(name, Array("shared by two".utf8)) }
        var caches = try bench.write(model, to: "job", seed: seed)
        caches.moduleCache = nil
        return caches
    }

    @Test(
        "has what the log names and no more, and the packs of two halves unite to the whole",
        arguments: 1...4
    )
    func halves(seed: UInt64) async throws {
        let caches = try randomCache(seed)
        let whole = try await pack(caches, nil, to: "whole")
        let all = try actions(whole.path)
        #expect(all.count > 20)
        let absent = [CacheModel.id("absent"), CacheModel.id("trimmed")]

        let complete = try await pack(caches, logged(all.union(absent)), to: "complete")
        #expect(complete.report.digest == whole.report.digest)
        #expect(
            try Files.id(complete.path) == Files.id(whole.path),
            "named are all, and some that are not there"
        )
        #expect(complete.report.restoreTime == nil)
        #expect(complete.report.warnings.allSatisfy { ![.unknownUse, .nothingUsed].contains($0.code) })

        var source = SeededBytes(seed: seed)
        let half = all.filter { _ in source.isOnce(in: 2) }
        let rest = all.subtracting(half)
        var parts: [FilePath] = []
        for (name, named) in [("half", half), ("rest", rest)] {
            let (path, report) = try await pack(caches, logged(named.union(absent)), to: name) {
                $0.label = name
            }
            #expect(try actions(path) == named)
            #expect(try outputs(path, referred: false) == outputs(path, referred: true))
            // Entries of classes that a pack drops are not in the whole pack either.
            #expect(report.unused >= all.count - named.count)
            parts.append(path)
        }
        let united = try await bench.unite(parts[0], parts[1], to: "united").path
        func members(_ archive: FilePath) throws -> [String] { try bench.members(archive) }
        #expect(try members(united) == members(whole.path), "seed \(seed)")
    }

    @Test("asks the log alone, and neither times nor owners of entries, nor the stamp of a restore")
    func times() async throws {
        var model = CacheModel()
        for name in ["old", "sealed", "new"] { model.addPair(name, Array(name.utf8)) }
        let first = try await bench.pack(model, to: "first").path
        let caches = try await bench.restore(first, to: "job") { $0.profile = .ci }.caches
        for (name, time) in [
            ("old", 1), ("sealed", BuildCacheLayout.earliestSealTime + 9), ("new", Int(time(nil))),
        ] {
            try Files.setTime(time, of: bench.path("job/\(CacheModel.action(CacheModel.id(name)))").string)
        }
        for names in [["old"], ["sealed"], ["new"], ["old", "sealed"]] {
            let ids = Set(names.map(CacheModel.id))
            let (path, report) = try await pack(caches, logged(ids))
            #expect(try actions(path) == ids)
            #expect(report.unused == 3 - ids.count && report.restoreTime == nil)
            #expect(report.warnings.filter { $0.code == .unknownUse } == [], "\(names)")
        }
    }

    @Test("has an output once that two entries share, and also if just one of them was used")
    func shared() async throws {
        let caches = try randomCache(9)
        for names in [["twin 1"], ["twin 2"], ["twin 1", "twin 2"]] {
            let ids = Set(names.map(CacheModel.id))
            let path = try await pack(caches, logged(ids)).path
            #expect(try actions(path) == ids)
            #expect(try bench.members(path).count == ids.count + 1)
        }
    }

    @Test("of several logs has what any of them names")
    func several() async throws {
        let caches = try randomCache(3)
        let ids = ["twin 1", "twin 2"].map(CacheModel.id)
        var use = try logged([ids[0]])
        try Files.write(UseLog.lines([ids[1]]), to: bench.path("other.used"))
        use.logs.append(bench.path("other.used"))
        let path = try await pack(caches, use).path
        #expect(try actions(path) == Set(ids))
    }

    @Test("has nothing of a GOCACHE without the named entries, and warns that builds compile everything")
    func elsewhere() async throws {
        let caches = try randomCache(5)
        let (path, report) = try await pack(caches, logged([CacheModel.id("absent")]))
        #expect(try actions(path) == [])
        #expect(report.unused > 20)
        #expect(report.warnings.map(\.code).contains(.nothingUsed))
        #expect(!report.warnings.map(\.code).contains(.emptyCache))
        // All that was used is dropped or can't be packed: the log and the cache are the right ones.
        var model = CacheModel()
        model.addPair("other", Array("text".utf8))
        let index = model.addPair("index", Array("go index v2 of a package\n".utf8)).0
        model.addPair("idle", Array("idle".utf8))
        let other = try bench.write(model, to: "other")
        let dropped = try await pack(other, logged([index])) { $0.dropped = [.index] }.report
        #expect(!dropped.warnings.map(\.code).contains(.nothingUsed), "\(dropped.warnings)")
    }

    @Test("is not written if there is no log, or if the log names no entry")
    func missing() async throws {
        let caches = try randomCache(7)
        try Files.write(Array("torn".utf8), to: bench.path("empty.used"))
        for (name, code) in [("none", CacheStoreError.Code.notFound), ("empty", .emptyLog)] {
            let use = Pack.LoggedUse(logs: [bench.path(name)], checkout: bench.path("checkout"))
            let error = await failure { try await pack(caches, use) }
            #expect(error?.code == code && error?.remedy == .logUse, "\(String(describing: error))")
            #expect(error?.path?.lastComponent?.string.hasPrefix(name) == true)
        }
        let use = Pack.LoggedUse(logs: [bench.path("log")], checkout: bench.path("absent"))
        #expect(await failure { try await pack(caches, use) }?.remedy == .nameCheckout)
        #expect(!Files.exists(bench.path("pack")))
    }

    @Test("does not take the place of the log")
    func output() async throws {
        let use = try logged([CacheModel.id("twin 1")])
        let before = try Files.bytes(bench.path("log.used"))
        let caches = try randomCache(9)
        let error = await failure { try await pack(caches, use, to: "log.used") }
        #expect(error?.code == .badArgument && error?.path?.lastComponent?.string == "log.used")
        #expect(try Files.bytes(bench.path("log.used")) == before)
    }

    @Test("warns of lines that are no action IDs, with their number")
    func foreign() async throws {
        let caches = try randomCache(8)
        for (rest, words) in [("torn", "1 line of"), ("torn\nx\n", "2 lines of")] {
            let (path, report) = try await pack(caches, logged([CacheModel.id("twin 1")], rest))
            #expect(try actions(path).count == 1)
            let warnings = report.warnings.filter { $0.code == .unknownUse }
            #expect(warnings.count == 1 && warnings[0].message.hasPrefix(words), "\(warnings)")
        }
    }

    @Test("can't be asked for together with another choice by use, nor without a log")
    func contradiction() async throws {
        let caches = try randomCache(2)
        let use = try logged([CacheModel.id("twin 1")])
        let none = Pack.LoggedUse(logs: [], checkout: use.checkout)
        for (use, configure) in [
            (use, { $0.usedSince = 5 }), (use, { $0.usedSinceRestore = bench.path("checkout") }),
            (none, { _ in }),
        ] as [(Pack.LoggedUse, (inout Pack.Options) -> Void)] {
            #expect(await failure { try await pack(caches, use, configure: configure) }?.code == .badArgument)
        }
    }
}

// MARK: - Modules

extension LoggedUseTests {
    private func module(_ path: String, _ version: String) -> CacheModel.Module {
        .init(path: path, version: version, files: [("go.mod", Array("module \(path)\n".utf8), false)])
    }

    /// Returns the ID of the index of a module, as Go 1.25.5 makes it.
    private func index(_ module: CacheModel.Module) -> ObjectID {
        let root = bench.path("job/mod").string
        return CacheModel.id("go1.25.5module index go1.25.5 go index v2 \(root)/\(module.key)\n")
    }

    @Test("has modules whose indexes are logged or that go.sum names, and all others if no index is logged")
    func modules() async throws {
        let hash = "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
        let named = module("example.com/lib", "v1.0.0")
        let (tool, idle) = (module("example.com/tool", "v0.1.0"), module("example.com/idle", "v0.2.0"))
        var model = CacheModel()
        model.addPair("used", Array("used".utf8))
        for module in [named, tool, idle, module("example.com/lib", "v0.9.0")] { try model.addModule(module) }
        let caches = try bench.write(model, to: "job")
        try Files.write(
            Array("example.com/lib v1.0.0 \(hash)\n".utf8),
            to: bench.path("checkout/go.sum")
        )
        // The program that serves GOCACHE has no entry there of an index that Go has not asked for.
        let used = CacheModel.id("used")
        for (log, expected) in [
            ([used, index(tool)], ["lib@v1.0.0", "tool@v0.1.0"]),
            ([used, index(named)], ["lib@v1.0.0"]),
            ([used, index(named), index(tool), index(idle)], ["lib@v1.0.0", "tool@v0.1.0", "idle@v0.2.0"]),
            ([used], ["lib@v1.0.0", "tool@v0.1.0", "idle@v0.2.0"]),
        ] {
            let (path, report) = try await pack(caches, logged(log)) {
                $0.environment = GoEnvironment(variables: ["GOVERSION": "go1.25.5"])
            }
            let trees = try bench.contents(path).members.filter { $0.kind == .tree }.map(\.name)
            #expect(Set(trees) == Set(expected.map { "example.com/\($0)" }))
            #expect(report.unusedModules == 4 - expected.count)
        }
    }
}
