import SystemPackage
import Testing

@testable import CacheStore

/// Laws of intersections, tested with random caches that disagree.
@Suite("An intersection of random archives")
struct IntersectionLawTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    @Test(
        "is the same, byte for byte, in any order, with any threads; of an archive and itself, that archive",
        arguments: 301...302 as ClosedRange<UInt64>
    )
    func commutes(seed: UInt64) async throws {
        let packs = try await bench.packs(RandomCaches(seed: seed, jobs: 3, pairs: 60), levels: [1, 9, 3])
        let union = try await bench.unite(packs[1], packs[2], to: "union").path
        for (name, first, second) in [("packs", packs[0], packs[1]), ("union", union, packs[0])] {
            let one = try await bench.intersect(first, second, to: "one \(name)", jobs: 1)
            let other = try await bench.intersect(second, first, to: "other \(name)", jobs: 8)
            #expect(try Files.id(one.path) == Files.id(other.path), "\(name)")
            #expect(one.report.disagreements == other.report.disagreements, "\(name)")
            #expect(!one.report.disagreements.isEmpty, "\(name)")
            #expect(one.report.totals.all.members > 0, "\(name)")
            #expect(try await Verify().run(one.path).problems.isEmpty, "\(name)")
            let twice = try await bench.intersect(first, first, to: "twice \(name)")
            #expect(try Files.id(twice.path) == Files.id(first), "\(name)")
            #expect(twice.report.disagreements.isEmpty, "\(name)")
            let part = try await bench.intersect(first, one.path, to: "part \(name)").path
            #expect(try Files.id(part) == Files.id(one.path), "\(name)")
        }
    }

    @Test(
        "is the same, byte for byte, in one step and in any two, of packs of any level",
        arguments: 311...313 as ClosedRange<UInt64>
    )
    func associates(seed: UInt64) async throws {
        let packs = try await bench.packs(RandomCaches(seed: seed, jobs: 3, pairs: 60), levels: [1, 9, 3])
        let once = try await bench.intersect(packs[0], packs[1], packs[2], to: "once")
        #expect(once.report.totals.all.members > 0)
        for last in packs.indices {
            var others = packs
            others.remove(at: last)
            let step = try await bench.intersect(others[0], others[1], to: "step \(last)").path
            let steps = try await bench.intersect(step, packs[last], to: "steps \(last)").path
            #expect(try Files.id(steps) == Files.id(once.path), "pack \(last) last")
        }
    }

    @Test(
        "of archives that agree holds what both hold, for the sources of both",
        arguments: 321...322 as ClosedRange<UInt64>
    )
    func isTheIntersectionOfMembers(seed: UInt64) async throws {
        let caches = try RandomCaches(seed: seed, pairs: 60, hasDisagreements: false)
        let packs = try await bench.packs(caches)
        let common = try await bench.intersect(packs[0], packs[1], to: "common")
        // An output follows the entries that refer to it, so only the other members are compared.
        func keyed(_ archive: FilePath) throws -> Set<String> {
            try Set(bench.members(archive).filter { !$0.hasPrefix("output ") })
        }
        let expected = try keyed(packs[0]).intersection(keyed(packs[1]))
        #expect(try keyed(common.path) == expected)
        let rest = try await bench.subtract(packs[0], without: packs[1], to: "rest").path
        let left = try keyed(packs[0]).subtracting(expected)
        // A hash stays with its tree, and a tree with the zip that it makes, even if both archives have them.
        let needed = try keyed(rest).subtracting(left)
        #expect(left.isSubset(of: try keyed(rest)))
        #expect(needed.allSatisfy { $0.hasPrefix("ziphash ") || $0.hasPrefix("tree ") })
        for member in try bench.contents(common.path).members {
            #expect(member.sources == ["job-0", "job-1"])
        }
    }
}
