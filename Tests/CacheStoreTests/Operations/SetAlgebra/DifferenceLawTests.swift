import SystemPackage
import Testing

@testable import CacheStore

/// Laws of differences, tested with random caches that disagree.
@Suite("A difference of random archives")
struct DifferenceLawTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    @Test(
        "of an archive and itself is the one empty archive, which changes nothing when united or subtracted",
        arguments: 201...202 as ClosedRange<UInt64>
    )
    func empty(seed: UInt64) async throws {
        let packs = try await bench.packs(RandomCaches(seed: seed, pairs: 40))
        let union = try await bench.unite(packs[0], packs[1], to: "union").path
        let empty = try await bench.subtract(packs[0], without: packs[0], to: "empty")
        #expect(empty.report.totals.all.members == 0)
        #expect(try bench.contents(empty.path).sources.isEmpty)
        #expect(try await Verify().run(empty.path).problems.isEmpty)
        for (name, archive) in [("pack", packs[0]), ("union", union)] {
            let none = try await bench.subtract(archive, without: archive, to: "none of \(name)").path
            #expect(try Files.id(none) == Files.id(empty.path))
            let united = try await bench.unite(archive, none, to: "united \(name)").path
            #expect(try Files.id(united) == Files.id(archive))
            let same = try await bench.subtract(archive, without: none, to: "same \(name)").path
            #expect(try Files.id(same) == Files.id(archive))
            let common = try await bench.intersect(archive, none, to: "common \(name)").path
            #expect(try Files.id(common) == Files.id(none))
        }
        let restored = try await bench.restore(empty.path, to: "restored").report
        #expect(restored.actions.created + restored.outputs.created + restored.treeFiles.created == 0)
    }

    @Test("of an archive without members, whose source holds nothing, is that archive or the empty one")
    func idleSource() async throws {
        let idle = try await bench.pack(CacheModel(), as: "idle", to: "idle").path
        let other = try await bench.pack(CacheModel(), as: "other", to: "other").path
        let same = try await bench.subtract(idle, without: other, to: "same").path
        #expect(try Files.id(same) == Files.id(idle))
        let empty = try await bench.subtract(idle, without: idle, to: "empty").path
        #expect(try bench.contents(empty).sources.isEmpty)
        let twice = try await bench.intersect(idle, idle, to: "twice").path
        #expect(try Files.id(twice) == Files.id(idle))
    }

    @Test(
        "is the same, byte for byte, for archives in any order and for their union, at any thread count",
        arguments: 211...212 as ClosedRange<UInt64>
    )
    func subtractsUnions(seed: UInt64) async throws {
        let packs = try await bench.packs(RandomCaches(seed: seed, jobs: 3, pairs: 60))
        let union = try await bench.unite(packs[1], packs[2], to: "union").path
        let one = try await bench.subtract(packs[0], without: union, to: "one", jobs: 1)
        let other = try await bench.subtract(packs[0], without: packs[2], packs[1], to: "other", jobs: 8)
        #expect(try Files.id(one.path) == Files.id(other.path))
        #expect(one.report.totals.all.members > 0)
        #expect(try await Verify().run(one.path).problems.isEmpty)
    }

    @Test(
        "is the same, byte for byte, in steps, if a union makes no form that neither of its archives has",
        arguments: 221...222 as ClosedRange<UInt64>
    )
    func steps(seed: UInt64) async throws {
        let caches = try RandomCaches(seed: seed, jobs: 3, pairs: 60, hasMixedForms: false)
        let packs = try await bench.packs(caches)
        let once = try await bench.subtract(packs[0], without: packs[1], packs[2], to: "once").path
        for (name, first, last) in [("one", packs[1], packs[2]), ("other", packs[2], packs[1])] {
            let step = try await bench.subtract(packs[0], without: first, to: "step \(name)").path
            let steps = try await bench.subtract(step, without: last, to: "steps \(name)").path
            #expect(try Files.id(steps) == Files.id(once))
        }
    }

    @Test(
        "in steps leaves no less than at once, and nothing that changes the union with what was subtracted",
        arguments: 231...232 as ClosedRange<UInt64>
    )
    func mixedSteps(seed: UInt64) async throws {
        let packs = try await bench.packs(RandomCaches(seed: seed, jobs: 3, pairs: 60))
        let once = try await bench.subtract(packs[0], without: packs[1], packs[2], to: "once").path
        let step = try await bench.subtract(packs[0], without: packs[1], to: "step").path
        let steps = try await bench.subtract(step, without: packs[2], to: "steps").path
        #expect(try Set(bench.members(once)).isSubset(of: bench.members(steps)))
        #expect(try Set(bench.members(steps)).isSubset(of: bench.members(step)))
        let whole = try await bench.unite(packs[0], packs[1], packs[2], to: "whole").report.digest
        for (name, part) in [("a", once), ("b", steps)] {
            #expect(try await bench.unite(part, packs[1], packs[2], to: name).report.digest == whole)
        }
    }

    @Test(
        "united with the other archive has the union's digest; with the intersection, the first's members",
        arguments: 241...243 as ClosedRange<UInt64>
    )
    func reunites(seed: UInt64) async throws {
        let packs = try await bench.packs(RandomCaches(seed: seed, jobs: 3, pairs: 60))
        let union = try await bench.unite(packs[0], packs[1], to: "union").path
        for (name, first, second) in [
            ("packs", packs[0], packs[1]), ("reversed", packs[1], packs[0]), ("union", union, packs[2]),
            ("other", packs[2], union),
        ] {
            let rest = try await bench.subtract(first, without: second, to: "rest \(name)")
            let whole = try await bench.unite(first, second, to: "whole \(name)").report.digest
            let again = try await bench.unite(second, rest.path, to: "again \(name)").report.digest
            #expect(again == whole, "\(name)")
            let common = try await bench.intersect(first, second, to: "common \(name)")
            let both = try await bench.unite(rest.path, common.path, to: "both \(name)")
            #expect(try bench.members(both.path) == bench.members(first), "\(name)")
            #expect(try both.report.digest == bench.contents(first).digest, "\(name)")
            for archive in [rest.path, common.path] {
                #expect(try await Verify().run(archive).problems.isEmpty, "\(name)")
            }
        }
    }

    @Test(
        "united with a part of an archive, of the same sources, is that archive, byte for byte",
        arguments: 251...252 as ClosedRange<UInt64>
    )
    func parts(seed: UInt64) async throws {
        let packs = try await bench.packs(RandomCaches(seed: seed, jobs: 3, pairs: 60))
        let union = try await bench.unite(packs[0], packs[1], to: "union").path
        for (name, whole) in [("pack", packs[0]), ("union", union)] {
            let part = try await bench.subtract(whole, without: packs[2], to: "part of \(name)").path
            let rest = try await bench.subtract(whole, without: part, to: "rest of \(name)").path
            let common = try await bench.intersect(whole, part, to: "common of \(name)").path
            #expect(try Files.id(common) == Files.id(part), "\(name)")
            let both = try await bench.unite(rest, common, to: "both of \(name)").path
            #expect(try Files.id(both) == Files.id(whole), "\(name)")
        }
    }

    @Test("of archives that have nothing in common is the first, byte for byte")
    func disjoint() async throws {
        let model = try RandomCaches(seed: 261, jobs: 1, pairs: 60).jobs[0]
        var (build, modules) = (model, model)
        build.files = build.files.filter { $0.key.hasPrefix("build/") }
        modules.files = modules.files.filter { $0.key.hasPrefix("mod/") }
        let other = try RandomCaches(seed: 262, jobs: 1, pairs: 60).jobs[0]
        let packs = try await bench.packs([build, modules, other])
        for (first, second) in [(0, 1), (1, 0), (0, 2)] {
            let rest = try await bench.subtract(packs[first], without: packs[second], to: "\(first)\(second)")
            #expect(try Files.id(rest.path) == Files.id(packs[first]))
        }
    }
}
