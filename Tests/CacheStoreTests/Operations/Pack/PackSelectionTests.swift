import SystemPackage
import Testing

@testable import CacheStore

/// Tests of the selection of sound entries of GOCACHE.
@Suite("Of sound entries a pack")
struct PackSelectionTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    /// A cache with a package, the entries that Go stores beside it, and the outcome of a test.
    private var model: CacheModel {
        var model = CacheModel()
        let (package, _) = model.addPair("package", Array("!<arch>\n__.PKGDEF".utf8))
        let empty = model.addOutput([])
        model.addAction(EntryClassifier.subkey(of: package, "stdout"), output: empty, size: 0)
        model.addAction(CacheModel.id("vet"), output: empty, size: 0)
        let sources = Array("./a.go\n".utf8)
        let list = model.addOutput(sources)
        model.addAction(
            EntryClassifier.subkey(of: package, "srcfiles"),
            output: list,
            size: sources.count
        )
        model.addPair("test", Array("ok  \tx\t0.1s\n".utf8))
        model.addPair("log", Array("# test log\n".utf8))
        return model
    }

    private func classes(_ archive: FilePath) async throws -> [EntryClass: Int] {
        try await bench.totals(archive).byClass.mapValues(\.members)
    }

    @Test("drops entries that later builds do not need, and counts them by class")
    func defaults() async throws {
        let pack = try await bench.pack(model, to: "pack")
        // Each entry counts with its output. The empty output is also the output of vet's entry.
        #expect(try await classes(pack.path) == [.package: 2, .sources: 2, .empty: 2])
        #expect(pack.report.dropped.mapValues(\.files) == [.emptyStdout: 1, .test: 4])
        #expect(
            pack.report.dropped.mapValues(\.contentBytes) == [.emptyStdout: 175, .test: 2 * 175 + 12 + 11]
        )
        #expect(pack.report.leftOut.isEmpty)
        let again = try await bench.restore(pack.path, to: "restored")
        let repacked = try await bench.pack(again.caches, to: "again")
        #expect(try Files.id(repacked.path) == Files.id(pack.path))
    }

    @Test("takes the classes that are wanted")
    func wanted() async throws {
        let all = try await bench.pack(model, to: "all") { $0.dropped = [] }
        var found = try await classes(all.path)
        // The empty output counts for the first of the two entries that refer to it.
        let empty = [found.removeValue(forKey: .emptyStdout), found.removeValue(forKey: .empty)]
        #expect(empty == [1, 2] || empty == [2, 1])
        #expect(found == [.package: 2, .sources: 2, .test: 4])
        #expect(all.report.dropped.isEmpty)
        let few = try await bench.pack(model, to: "few") { $0.dropped = [.package, .test, .empty] }
        // Without the package, nothing shows that the list of its sources is such a list.
        #expect(few.report.dropped.mapValues(\.files) == [.package: 2, .empty: 1, .test: 4])
        #expect(try await Verify().run(few.path).problems.isEmpty)
    }

    @Test("takes those that Go may have used since a time, to the hour, and all that are sealed")
    func usedSince() async throws {
        var model = CacheModel()
        for name in ["older", "hour", "newer", "sealed"] { model.addPair(name, Array(name.utf8)) }
        let caches = try bench.write(model, to: "caches")
        let times = ["older": 996_399, "hour": 996_400, "newer": 1_000_000, "sealed": 2_114_380_800]
        for (name, time) in times {
            try Files.setTime(time, of: bench.path("caches/\(CacheModel.action(CacheModel.id(name)))").string)
        }
        let pack = try await bench.pack(caches, to: "pack") { $0.usedSince = 1_000_000 }
        let names = try bench.members(pack.path).filter { $0.hasPrefix("action") }
        #expect(names.count == 3)
        #expect(!names.contains { $0.contains(CacheModel.id("older").description) })
        #expect(pack.report.unused == 1)
        #expect(try await bench.pack(caches, to: "all").report.unused == 0)
    }
}
