import SystemPackage
import Testing

@testable import CacheStore

/// Laws of serving, tested with random caches, and neighbours of a program that runs.
@Suite("Serving random caches", .timeLimit(.minutes(5)))
struct ProgramLawTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    /// The files of entries and outputs below a GOCACHE, without inodes.
    private func entries(_ build: FilePath) throws -> [String: TreeSnapshot.Entry] {
        try TreeSnapshot(of: build).files.filter { $0.key.contains("-") && !$0.key.contains(".txt") }
            .mapValues {
                var entry = $0
                entry.inode = 0
                return entry
            }
    }

    /// Returns the paths at which two caches differ.
    private func difference(_ a: [String: TreeSnapshot.Entry], _ b: [String: TreeSnapshot.Entry]) -> [String]
    {
        Set(a.keys).union(b.keys).filter { a[$0] != b[$0] }.sorted()
    }

    private func actions(_ archive: FilePath) throws -> [ObjectID] {
        // A union may have several outputs for an action.
        let members = try bench.contents(archive).members.filter { $0.kind == .action }
        return Array(Set(members.compactMap { ObjectID($0.name) }))
    }

    @Test(
        "all actions at once leaves the files of a restore, byte for byte, with their times and modes",
        arguments: [(601, 1), (602, 2), (603, 8)] as [(UInt64, Int)]
    )
    func restore(seed: UInt64, jobs: Int) async throws {
        let caches = try RandomCaches(seed: seed, pairs: 120)
        let packs = try await bench.packs(caches)
        let union = try await bench.unite(packs[0], packs[1], to: "union").path
        let actions = try actions(union).shuffled()
        #expect(actions.count > 60)
        let client = try bench.program(union) { $0.jobs = jobs }
        let answers = try await client.get(actions)
        try await bench.awaitEntries(of: zip(actions, answers).filter { $1.Miss != true }.map(\.0))
        let again = try await client.get(actions)
        for (first, second) in zip(answers, again) {
            #expect(
                first.Miss == second.Miss && first.DiskPath == second.DiskPath
                    && first.output == second.output
            )
        }
        let report = try await client.close()
        #expect(client.warnings.isEmpty)

        let restored = try #require(try await bench.restore(union, to: "restored").caches.buildCache)
        var expected = try entries(restored)
        // Go does not ask for programs, so these stay in the archive.
        let programs = expected.keys.filter { $0.contains("-d/") }
        let outputs = Set(programs.compactMap { $0.split(separator: "/").dropFirst().first?.dropLast(2) })
        #expect(!programs.isEmpty)
        for path in programs { expected[path] = nil }
        for path in expected.keys where path.hasSuffix("-a") {
            let bytes = try Files.bytes(restored.appending(FilePath(path).components))
            if outputs.contains(String(decoding: bytes[68..<132], as: UTF8.self)[...]) {
                expected[path] = nil
            }
        }
        // An output without an entry is nothing that Go can ask for.
        let found = try entries(bench.served)
        #expect(difference(found, expected) == [], "seed \(seed)")
        let hits = expected.keys.count { $0.hasSuffix("-a") }
        #expect(
            report.hits == [.archive: hits, .buildCache: hits] && report.misses == 2 * (actions.count - hits)
        )
        #expect(
            report.decodedBytes
                == expected.filter { $0.key.hasSuffix("-d") }.values.reduce(0) { $0 + $1.size }
        )

        // A pack of both gives the same members.
        let served = GoCaches(buildCache: bench.served, moduleCache: nil)
        let pack = try await bench.pack(served, to: "served.castore")
        let damage = pack.report.leftOut.filter { $0.reason != .bookkeeping }
        #expect(damage.isEmpty, "\(damage)")
        let whole = try await bench.pack(GoCaches(buildCache: restored, moduleCache: nil), to: "whole")
        let names = Set(expected.keys.compactMap { $0.split(separator: "/").last?.dropLast(2) })
        let members = try bench.members(whole.path).filter { names.contains($0.split(separator: " ")[1]) }
        #expect(try bench.members(pack.path) == members, "seed \(seed)")
    }

    @Test(
        "of several archives leaves what a restore of their union leaves",
        arguments: [611, 612] as [UInt64]
    )
    func union(seed: UInt64) async throws {
        let caches = try RandomCaches(seed: seed, jobs: 3, pairs: 60, hasDisagreements: false)
        let packs = try await bench.packs(caches)
        let union = try await bench.unite(packs[0], packs[1], packs[2], to: "union").path
        let actions = try actions(union).shuffled()
        var trees: [[String: TreeSnapshot.Entry]] = []
        for archives in [[union], packs, Array(packs.reversed())] {
            try? Directory(opening: bench.root).removeAll("served")
            let client = try ProgramClient(bench.served, archives)
            _ = try await client.get(actions)
            try await client.close()
            #expect(client.warnings.isEmpty)
            trees.append(try entries(bench.served))
        }
        #expect(trees[0].count > 60)
        #expect(difference(trees[0], trees[1]) == [] && difference(trees[0], trees[2]) == [])
    }

    @Test("to several programs in one GOCACHE at once leaves the same as to one")
    func programs() async throws {
        let caches = try RandomCaches(seed: 621, jobs: 1, pairs: 100)
        let pack = try await bench.packs(caches)[0]
        let actions = try actions(pack)
        let clients = try (0..<4).map { _ in try bench.program(pack) { $0.jobs = 2 } }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for client in clients {
                group.addTask {
                    for answer in try await client.get(actions.shuffled()) where answer.Miss != true {
                        #expect(try Files.id(answer.path) == answer.output)
                    }
                    try await client.close()
                    #expect(client.warnings.isEmpty)
                }
            }
            try await group.waitForAll()
        }
        let found = try entries(bench.served)
        try Directory(opening: bench.root).removeAll("served")
        let alone = try bench.program(pack)
        _ = try await alone.get(actions)
        try await alone.close()
        #expect(difference(found, try entries(bench.served)) == [])
        #expect(found.count > 60)
    }

    @Test("does not disturb a pack, a restore, a seal or a report on the cache, and is not disturbed")
    func neighbours() async throws {
        var model = CacheModel()
        let (archived, _) = model.addPair("archived", Array("an object file".utf8))
        model.addPair("other", Array("something else".utf8))
        let archive = try await bench.pack(model, to: "archive").path
        let client = try bench.program(archive) { $0.keepsPutsOut = true }
        _ = try await client.get(archived)
        try await bench.awaitEntries(of: [archived])
        let kept = try await client.put(CacheModel.id("kept"), [1, 2, 3])
        let names = try Directory(opening: bench.served).names().valid
        #expect(names.contains(CheckedArchives.name) && names.contains { $0.hasSuffix(".tmp") })

        // A pack has the entry that was served, and takes the scratch directory for what it is.
        let pack = try await bench.pack(GoCaches(buildCache: bench.served, moduleCache: nil), to: "again")
        #expect(pack.report.leftOut.allSatisfy { !$0.reason.isDamage }, "\(pack.report.leftOut)")
        #expect(try bench.members(pack.path).count == 2)
        #expect(
            try !bench.members(pack.path).contains {
                $0.contains(ContentHasher.hash([UInt8]([1, 2, 3]).span).description)
            }
        )
        let report = try await bench.restore(archive, to: "served").report
        #expect(report.outputs == Restore.Report.Tally(created: 1, replaced: 0, untouched: 1))
        var check = Seal.Options()
        check.isDryRun = true
        let seal = try await Seal(options: check).run(bench.served)
        #expect(seal.faults.isEmpty, "\(seal.faults)")
        _ = try await Seal(options: Seal.Options()).run(bench.served)

        #expect(try Files.bytes(kept.path) == [1, 2, 3])
        #expect(try await client.get(CacheModel.id("kept")).path == kept.path)
        #expect(try await client.get(CacheModel.id("other")).Size == 14)
        try await client.close()
        #expect(client.warnings.isEmpty)
        #expect(try bench.servedNames.allSatisfy { !$0.hasSuffix(".tmp") })
    }
}
