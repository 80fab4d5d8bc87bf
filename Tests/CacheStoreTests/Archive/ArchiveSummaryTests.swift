import SystemPackage
import Testing

@testable import CacheStore

/// Tests of an archive's figures, which one pass over the index adds up without keeping the rows.
@Suite("The summary of an archive")
struct ArchiveSummaryTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    @Test("has the figures that its members add up to", arguments: 31...34 as ClosedRange<UInt64>)
    func agrees(seed: UInt64) async throws {
        let caches = try RandomCaches(seed: seed, jobs: 3, pairs: 60)
        var packs: [FilePath] = []
        for (job, label) in ["aws", "gcp", "k8s"].enumerated() {
            packs.append(try await bench.pack(caches.jobs[job], as: label, to: "\(label).castore").path)
        }
        let union = try await bench.unite(packs[0], packs[1], packs[2], to: "union")
        #expect(
            try await Archive(opening: union.path).summary().totals == union.report.totals,
            "seed \(seed)"
        )
        for path in packs + [union.path] {
            let archive = try Archive(opening: path)
            let summary = try await archive.summary()
            let (set, digest) = try archive.members()
            let totals = ArchiveTotals(of: set, fileBytes: archive.fileBytes)
            #expect(summary.totals == totals, "seed \(seed), \(path)")
            #expect(summary.totals.all.members > 60, "seed \(seed), \(path)")
            #expect(summary.digest == digest, "seed \(seed), \(path)")
            #expect(summary.sources == set.sources, "seed \(seed), \(path)")
        }
    }
}
