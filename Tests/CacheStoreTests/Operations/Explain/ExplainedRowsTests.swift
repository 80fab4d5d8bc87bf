import SystemPackage
import Testing

@testable import CacheStore

/// Tests of reports that go through an index row by row against ones that hold whole sets in memory.
@Suite("A report that goes row by row")
struct ExplainedRowsTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    /// Returns three packs and two unions of them.
    private func archives(seed: UInt64) async throws -> [FilePath] {
        let packs = try await bench.packs(RandomCaches(seed: seed, jobs: 3, pairs: 60))
        let two = try await bench.unite(packs[0], packs[1], to: "two").path
        return packs + [two, try await bench.unite(packs[0], packs[1], packs[2], to: "three").path]
    }

    private func names(
        of set: MemberSet,
        _ isWanted: (Int) -> Bool = { _ in true },
        in archive: Archive
    ) async throws -> PackageNames {
        let outputs = set.outputs.indices.filter(isWanted).map { OutputNumber($0) }
        return try await ProgressCounters.reporting(to: nil) { counters in
            try await PackageNames(of: set, outputs, in: archive, jobs: 1, counters)
        }
    }

    /// Returns the differences that whole indexes have.
    private func changes(_ first: FilePath, _ second: FilePath) async throws -> Diff.Report {
        let archives = [try Archive(opening: first), try Archive(opening: second)]
        let sets = try archives.map { try $0.members().set }
        var sides: [ExplanationTables] = []
        for index in 0..<2 {
            let changes = MemberChanges(of: sets[index], from: sets[1 - index])
            let names = try await names(
                of: sets[index],
                { changes.contains(.output, at: $0) },
                in: archives[index]
            )
            var tables = ExplanationTables(sets[index], names, other: sets[1 - index])
            tables.gather { changes.contains($0, at: $1) }
            sides.append(tables)
        }
        return Diff.Report(
            sides[0],
            sides[1],
            fileBytes: (archives[0].fileBytes, archives[1].fileBytes)
        )
    }

    @Test("explains what the whole index explains, for some sources too", arguments: [651, 652] as [UInt64])
    func explanation(seed: UInt64) async throws {
        for path in try await archives(seed: seed) {
            let archive = try Archive(opening: path)
            let whole = try archive.members().set
            let labels = whole.sources.map(\.label)
            for only in [nil, labels, [labels[0]], Array(labels.suffix(1))] {
                let set = try only.map { try whole.selecting($0) } ?? whole
                var tables = ExplanationTables(set, try await names(of: set, in: archive))
                tables.gather { _, _ in true }
                var options = Explain.Options()
                options.only = only
                let report = try await Explain(options: options).run(archive)
                #expect(report.packages == tables.sortedPackages, "seed \(seed), \(path), \(only ?? [])")
                #expect(report.modules == tables.sortedModules, "seed \(seed), \(path), \(only ?? [])")
                #expect(report.unknownPackages == tables.unknown, "seed \(seed), \(path), \(only ?? [])")
                #expect(
                    report.totals == ArchiveTotals(of: set, fileBytes: archive.fileBytes),
                    "seed \(seed), \(path), \(only ?? [])"
                )
            }
        }
    }

    @Test("finds the differences that whole indexes have", arguments: [661, 662] as [UInt64])
    func differences(seed: UInt64) async throws {
        let paths = try await archives(seed: seed)
        for first in paths {
            for second in paths {
                let expected = try await changes(first, second)
                #expect(first == second || !expected.isEmpty)
                let found = try await Diff().run(first, second)
                #expect(found == expected, "seed \(seed), \(first), \(second)")
            }
        }
    }

    @Test("counts no chunk that the other archive has, be it of an output here and of a module there")
    func sharedChunks() async throws {
        var source = SeededBytes(seed: 681)
        let shared = source.bytes(5_000)
        var models = [CacheModel(), CacheModel()]
        _ = models[0].addPair("shared", shared)
        try models[1].addModule(
            CacheModel.Module(path: "example.com/a", version: "v1.0.0", files: [("a.go", shared, false)])
        )
        _ = models[1].addPair("other", source.bytes(100))
        let packs = try await bench.packs(models)
        for (first, second) in [(packs[0], packs[1]), (packs[1], packs[0])] {
            let found = try await Diff().run(first, second)
            #expect(found == (try await changes(first, second)))
            #expect(found.removed[.output]?.storedBytes ?? 0 < 5_000)
            #expect(found.removed[.tree]?.storedBytes ?? 0 < 5_000)
        }
    }

    @Test("refuses a label that no source has")
    func unknownLabel() async throws {
        let path = try await archives(seed: 671)[0]
        var options = Explain.Options()
        options.only = ["nobody"]
        let unknown = await failure { [options] in
            _ = try await Explain(options: options).run(Archive(opening: path))
        }
        #expect(unknown?.code == .badArgument)
    }
}
