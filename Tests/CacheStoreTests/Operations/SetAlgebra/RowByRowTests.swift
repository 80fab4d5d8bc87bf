import SystemPackage
import Testing

@testable import CacheStore

/// Tests of set operations that merge entries row by row against ones that hold whole sets in memory.
@Suite("A set operation that goes row by row")
struct RowByRowTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    @Test(
        "leaves the members that a difference of sets in memory leaves",
        arguments: 231...234 as ClosedRange<UInt64>
    )
    func difference(seed: UInt64) async throws {
        let packs = try await bench.packs(RandomCaches(seed: seed, jobs: 3, pairs: 60))
        let union = try await bench.unite(packs[0], packs[1], to: "union").path
        for (index, whole) in (packs + [union]).enumerated() {
            let set = try bench.contents(whole).set
            var difference = MemberDifference(set, unusedChunks: set.unusedChunks)
            let other = try bench.contents(packs[2])
            try difference.subtract(other.set, of: packs[2])
            for chunk in other.set.chunks { difference.subtract(chunk) }
            let (rest, order) = difference.remainder
            let expected = rest.laidOut(order) { set.chunks[$0] }
            let path = try await bench.subtract(whole, without: packs[2], to: "rest \(index)").path
            let found = try bench.contents(path).set
            #expect(found.digest == expected.digest, "seed \(seed), \(whole)")
            #expect(found.chunks == expected.chunks, "seed \(seed), \(whole)")
            #expect(found.sources == expected.sources, "seed \(seed), \(whole)")
            #expect(
                MemberListing(found).map(\.member) == MemberListing(expected).map(\.member),
                "seed \(seed), \(whole)"
            )
        }
    }

    @Test(
        "keeps the entries and outputs that all sets have",
        arguments: 241...244 as ClosedRange<UInt64>
    )
    func intersection(seed: UInt64) async throws {
        let packs = try await bench.packs(RandomCaches(seed: seed, jobs: 3, pairs: 60))
        let sets = try packs.map { try bench.contents($0).set }
        let path = try await bench.intersect(packs[0], packs[1], packs[2], to: "common").path
        let found = try bench.contents(path).set
        let keys = sets.map { Set($0.actions.map(\.key)) }
        let common = keys[0].intersection(keys[1]).intersection(keys[2])
        #expect(!common.isEmpty && common.count < keys[0].count, "seed \(seed)")
        #expect(Set(found.actions.map(\.key)) == common, "seed \(seed)")
        #expect(Set(found.outputs.map(\.id)) == Set(common.map(\.output)), "seed \(seed)")
        func labels(_ action: MemberSet.Action, of set: MemberSet) -> [String] {
            set.sourceSets[action.sources].map { set.sources[$0].label }
        }
        for action in found.actions {
            let holders = sets.flatMap { set in
                set.actions.filter { $0.key == action.key }.flatMap { labels($0, of: set) }
            }
            #expect(Set(labels(action, of: found)) == Set(holders), "seed \(seed)")
        }
        for output in found.outputs {
            let forms = sets.compactMap { set in set.outputs.first { $0.id == output.id }?.executable }
            // A file is not preferred, so it stays.
            #expect(output.executable == nil || forms.count == sets.count, "seed \(seed)")
        }
    }
}
