import SystemPackage
import Testing

@testable import CacheStore

/// Tests of the rules of differences and intersections for single members.
@Suite("Of archives that disagree")
struct AlgebraTests {
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

    /// Returns the kinds of the members in a difference of two forms of one module.
    private func kinds(
        _ first: CacheModel.Parts,
        without second: CacheModel.Parts
    ) async throws -> [Member.Kind] {
        var models = [CacheModel(), CacheModel()]
        try models[0].addModule(Self.module, first)
        try models[1].addModule(Self.module, second)
        let name = "\(first.rawValue) \(second.rawValue)"
        let one = try await bench.pack(models[0], as: "a", to: "a \(name)").path
        let other = try await bench.pack(models[1], as: "b", to: "b \(name)").path
        let rest = try await bench.subtract(one, without: other, to: "rest \(name)").path
        #expect(try await Verify().run(rest).problems.isEmpty)
        return try bench.contents(rest).members.map(\.kind)
    }

    @Test("a difference keeps the hash with a tree, and the tree with a zip that the tree makes")
    func modules() async throws {
        #expect(try await kinds(.all, without: [.mod, .hash, .info]) == [.tree, .zip, .ziphash])
        #expect(try await kinds(.all, without: [.tree, .mod, .hash, .info]) == [.tree, .zip, .ziphash])
        #expect(try await kinds(.all, without: [.zip, .mod, .hash, .info]) == [.tree, .ziphash])
        #expect(try await kinds([.zip, .mod, .hash], without: .all) == [])
        #expect(try await kinds([.zip, .mod, .hash], without: [.tree, .mod, .hash]) == [.zip, .ziphash])
        #expect(try await kinds(.all, without: [.tree, .zip, .mod, .hash]) == [.info])
    }

    @Test("an intersection keeps a module's zip as it is stored where one archive lacks the tree")
    func zip() async throws {
        var models = [CacheModel(), CacheModel()]
        try models[0].addModule(Self.module)
        try models[1].addModule(Self.module, [.zip, .mod, .hash])
        let packs = try await bench.packs(models)
        let common = try await bench.intersect(packs[0], packs[1], to: "common")
        #expect(try await Verify().run(common.path).problems.isEmpty)
        #expect(common.report.totals.byKind[.tree] == nil)
        #expect(common.report.totals.byKind[.zip]?.files == 1)
    }

    @Test("an entry includes its output: it is common only where both agree, and is subtracted only then")
    func actions() async throws {
        var models = [CacheModel(), CacheModel()]
        let (id, one) = models[0].addPair("action", [1])
        models[1].addPair("action", [2, 2])
        models[0].addPair("shared", [3])
        models[1].addPair("shared", [3])
        let packs = try await bench.packs(models)
        let rest = try await bench.subtract(packs[0], without: packs[1], to: "rest").path
        #expect(try bench.members(rest) == ["action \(id) \(one)", "output \(one) "])
        let common = try await bench.intersect(packs[0], packs[1], to: "common")
        #expect(common.report.totals.byKind[.action]?.members == 1)
        #expect(common.report.disagreements.isEmpty)
    }

    @Test("a difference keeps an output as a directory where the other has a file, and not the reverse")
    func executables() async throws {
        var models = [CacheModel(), CacheModel()]
        let (_, output) = models[0].addPair("link", [7, 7], executable: "tool")
        models[1].addPair("link", [7, 7])
        let packs = try await bench.packs(models)
        let rest = try await bench.subtract(packs[0], without: packs[1], to: "rest").path
        #expect(try bench.members(rest).contains("output \(output) tool"))
        let none = try await bench.subtract(packs[1], without: packs[0], to: "none").report
        #expect(none.totals.all.members == 0)
        let common = try await bench.intersect(packs[0], packs[1], to: "common")
        #expect(try bench.members(common.path).contains("output \(output) "))
        #expect(common.report.disagreements.map(\.kept) == ["a file"])
    }

    @Test(
        "a difference and an intersection refuse what Go's checksums make unique, and leave no output",
        arguments: ConflictTests.Alarm.allCases
    )
    func supplyChain(alarm: ConflictTests.Alarm) async throws {
        let (first, second) = try alarm.models
        let packs = try await bench.packs([first, second])
        let before = try bench.names
        for (one, other) in [(packs[0], packs[1]), (packs[1], packs[0])] {
            for error in [
                await failure { try await bench.subtract(one, without: other, to: "out") },
                await failure { try await bench.intersect(one, other, to: "out") },
            ] {
                #expect(error?.code == .conflict)
                #expect(error?.summary.contains("`\(other)`") == true)
                let name = alarm == .tile ? "tile/8/0/000" : "example.com/m@v1.0.0"
                #expect(error?.member?.contains(name) == true)
            }
        }
        #expect(try bench.names == before)
    }

    @Test(
        "an intersection refuses two packs of one label; a difference, which keeps one of them, does not"
    )
    func labels() async throws {
        var models = [CacheModel(), CacheModel()]
        models[0].addPair("one", [1])
        models[1].addPair("two", [2])
        let one = try await bench.pack(models[0], as: "job", to: "one").path
        let other = try await bench.pack(models[1], as: "job", to: "other").path
        #expect(await failure { try await bench.intersect(one, other, to: "out") }?.code == .duplicateLabel)
        let rest = try await bench.subtract(one, without: other, to: "rest").path
        #expect(try Files.id(rest) == Files.id(one))
    }

    @Test("a damaged frame is found when it is copied, and the error names its file")
    func damage() async throws {
        let packs = try await bench.packs(RandomCaches(seed: 401, pairs: 30))
        var bytes = try Files.bytes(packs[0])
        bytes[40] ^= 1
        try Files.write(bytes, to: bench.path("damaged").string, mode: 0o644)
        let damaged = bench.path("damaged")
        let before = try bench.names
        let empty = try await bench.subtract(packs[1], without: packs[1], to: "empty").path
        for error in [
            await failure { try await bench.subtract(damaged, without: empty, to: "out") },
            await failure { try await bench.intersect(damaged, damaged, to: "out") },
        ] {
            #expect(error?.code == .corruptArchive)
            #expect(error?.path == damaged)
        }
        #expect(try Set(bench.names) == Set(before + ["empty"]))
    }

    @Test("no archives at all are refused")
    func none() async throws {
        let error = await failure { try await Intersect().run([], to: bench.path("out")) }
        #expect(error?.code == .badArgument)
    }
}
