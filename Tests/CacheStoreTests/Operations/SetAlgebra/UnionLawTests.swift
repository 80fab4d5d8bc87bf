import SystemPackage
import Testing

@testable import CacheStore

/// Laws of unions, tested with random caches.
@Suite("A union of random caches")
struct UnionLawTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    @Test(
        "is the same, byte for byte, in either order and with any number of threads",
        arguments: 1...4 as ClosedRange<UInt64>
    )
    func commutes(seed: UInt64) async throws {
        let (first, second) = try await twoPacks(seed, pairs: seed == 1 ? 300 : 90)
        let one = try await bench.unite(first, second, to: "one", jobs: 1)
        let other = try await bench.unite(second, first, to: "other", jobs: 8)
        #expect(try Files.id(one.path) == Files.id(other.path), "seed \(seed)")
        #expect(one.report.digest == other.report.digest, "seed \(seed)")
        #expect(one.report.disagreements == other.report.disagreements, "seed \(seed)")
        #expect(!one.report.disagreements.isEmpty, "seed \(seed) tests no conflict")
        #expect(try await Verify().run(one.path).problems.isEmpty, "seed \(seed)")
    }

    @Test(
        "is the same in one step and in any two steps, of packs of any level",
        arguments: 11...14 as ClosedRange<UInt64>
    )
    func associates(seed: UInt64) async throws {
        let caches = try RandomCaches(seed: seed, jobs: 3, pairs: 60)
        var packs: [FilePath] = []
        for (job, label) in ["aws", "gcp", "k8s"].enumerated() {
            let pack = try await bench.pack(caches.jobs[job], as: label, to: "\(label).castore") {
                $0.level = [1, 9, 3][(job + Int(seed)) % 3]
            }
            packs.append(pack.path)
        }
        let union = try await bench.expectAssociative(packs)
        // A settled disagreement stays settled: uniting a part again changes nothing.
        let part = try await bench.unite(packs[0], packs[1], to: "part").path
        let again = try await bench.unite(union, packs[1], part, to: "again")
        #expect(try Files.id(again.path) == Files.id(union), "seed \(seed)")
    }

    @Test(
        "with itself, or of one archive, is that archive, byte for byte",
        arguments: 21...22 as ClosedRange<UInt64>
    )
    func isIdempotent(seed: UInt64) async throws {
        let (first, second) = try await twoPacks(seed)
        let union = try await bench.unite(first, second, to: "union").path
        for archive in [first, union] {
            let expected = try Files.id(archive)
            let name = archive.lastComponent?.string ?? ""
            let twice = try await bench.unite(archive, archive, to: "\(name) twice")
            #expect(try Files.id(twice.path) == expected, "seed \(seed)")
            #expect(twice.report.disagreements.isEmpty, "seed \(seed)")
            let once = try await bench.unite(archive, to: "\(name) once")
            #expect(try Files.id(once.path) == expected, "seed \(seed)")
        }
    }

    @Test(
        "holds each member of either, and says which source it is from",
        arguments: 31...32 as ClosedRange<UInt64>
    )
    func isTheUnionOfMembers(seed: UInt64) async throws {
        let caches = try RandomCaches(seed: seed, pairs: 60, hasDisagreements: false)
        let first = try await bench.pack(caches.jobs[0], as: "a", to: "a").path
        let second = try await bench.pack(caches.jobs[1], as: "b", to: "b").path
        let union = try await bench.unite(first, second, to: "union")
        let members = (try bench.members(first), try bench.members(second))
        #expect(try Set(bench.members(union.path)) == Set(members.0).union(members.1), "seed \(seed)")
        #expect(try bench.members(union.path).count == Set(members.0).union(members.1).count, "seed \(seed)")
        #expect(union.report.disagreements.isEmpty, "seed \(seed)")
        for member in try bench.contents(union.path).members {
            let name = "\(member.kind.rawValue) \(member.name) \(member.detail)"
            let holders = [members.0.contains(name) ? "a" : nil, members.1.contains(name) ? "b" : nil]
                .compactMap { $0 }
            #expect(member.sources == holders, "seed \(seed), \(name)")
        }
    }

    @Test("of an archive and an empty one has the members of the first, and the sources of both")
    func emptyArchive() async throws {
        let caches = try RandomCaches(seed: 41, jobs: 1, pairs: 40)
        let full = try await bench.pack(caches.jobs[0], as: "full", to: "full")
        let empty = try await bench.pack(CacheModel(), as: "empty", to: "empty")
        let union = try await bench.unite(full.path, empty.path, to: "union")
        let other = try await bench.unite(empty.path, full.path, to: "other")
        #expect(try Files.id(union.path) == Files.id(other.path))
        #expect(union.report.digest == full.report.digest)
        #expect(try bench.contents(union.path).sources.map(\.label) == ["empty", "full"])
        let two = try await bench.unite(empty.path, empty.path, to: "two")
        #expect(try Files.id(two.path) == Files.id(empty.path))
    }

    @Test("of packs at levels 1 and 9 is the same in either order, and keeps the shorter frames")
    func levels() async throws {
        let caches = try RandomCaches(seed: 42, pairs: 80)
        let low = try await bench.pack(caches.jobs[0], as: "low", to: "low") { $0.level = 1 }
        let high = try await bench.pack(caches.jobs[0], as: "high", to: "high") { $0.level = 9 }
        #expect(low.report.digest == high.report.digest)
        #expect(low.report.totals.frameBytes != high.report.totals.frameBytes)
        let one = try await bench.unite(low.path, high.path, to: "one")
        let other = try await bench.unite(high.path, low.path, to: "other")
        #expect(try Files.id(one.path) == Files.id(other.path))
        #expect(one.report.digest == low.report.digest)
        #expect(
            one.report.totals.frameBytes <= min(low.report.totals.frameBytes, high.report.totals.frameBytes)
        )
    }

    private func twoPacks(_ seed: UInt64, pairs: Int = 60) async throws -> (FilePath, FilePath) {
        let caches = try RandomCaches(seed: seed, pairs: pairs)
        let first = try await bench.pack(caches.jobs[0], as: "aws", to: "aws.castore").path
        let second = try await bench.pack(caches.jobs[1], as: "gcp", to: "gcp.castore").path
        return (first, second)
    }
}
