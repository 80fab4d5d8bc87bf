import SystemPackage
import Testing

@testable import CacheStore

/// The order in which packages and modules go for the size of an archive.
@Suite("A budget")
struct SizeBudgetTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    @Test(
        "cuts what fewest sources hold, then what frees most, then by name; no more than it must",
        arguments: 401...402 as ClosedRange<UInt64>
    )
    func order(seed: UInt64) async throws {
        let packs = try await bench.packs(RandomCaches(seed: seed, jobs: 3, pairs: 30).withPackages())
        let union = try await bench.unite(packs[0], packs[1], packs[2], to: "union")
        let all = try await bench.select([union.path], to: "all") { $0.kept = Set(EntryClass.all) }
        var limit = all.report.totals.fileBytes
        var cuts: [Select.Cut] = []
        var count = 0
        while true {
            // The archive of the last step has to lose at least one package or module.
            limit -= 1
            let size = limit
            let options: (inout Select.Options) -> Void = { $0.maximumBytes = size }
            count += 1
            let step: (path: FilePath, report: Select.Report)
            do {
                step = try await bench.select([union.path], to: "step \(count)", configure: options)
            } catch let error as CacheStoreError {
                #expect(error.code == .badArgument)
                break
            }
            #expect(step.report.totals.fileBytes <= size)
            #expect(step.report.cuts.starts(with: cuts) && step.report.cuts.count > cuts.count)
            cuts = step.report.cuts
            limit = step.report.totals.fileBytes
            let set = try bench.contents(step.path).set
            for cut in cuts where cut.isModule {
                #expect(!set.trees.contains { $0.module.unescaped == cut.name })
                #expect(!set.downloads.contains { $0.kind == .zip && $0.module.unescaped == cut.name })
            }
        }
        #expect(cuts.count > 8 && cuts.contains(where: \.isModule) && !cuts.allSatisfy(\.isModule))
        for (first, second) in zip(cuts, cuts.dropFirst()) {
            #expect(first.sources <= second.sources)
            guard first.sources == second.sources else { continue }
            #expect(first.storedBytes >= second.storedBytes)
            if first.storedBytes == second.storedBytes { #expect(first.name <= second.name) }
        }
    }
}
