import SystemPackage
import Testing

@testable import CacheStore

/// Tests of the differences that a comparison finds.
@Suite("A comparison of archives")
struct DiffTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    private func compare(_ first: FilePath, _ second: FilePath, jobs: Int? = nil) async throws -> Diff.Report
    {
        var options = Diff.Options()
        options.jobs = jobs
        return try await Diff(options: options).run(first, second)
    }

    @Test("finds nothing in one archive twice, nor where only sources and levels differ")
    func equal() async throws {
        let caches = try RandomCaches(seed: 601, jobs: 1, pairs: 40)
        let packs = try await bench.packs([caches.jobs[0], caches.jobs[0]], levels: [1, 9])
        for other in packs {
            let comparison = try await compare(packs[0], other)
            #expect(comparison.isEmpty)
            #expect(comparison.modules.isEmpty && comparison.packages.isEmpty)
        }
    }

    @Test(
        "counts the members that each has alone, the same either way and with any number of threads",
        arguments: 611...613 as ClosedRange<UInt64>
    )
    func counts(seed: UInt64) async throws {
        let packs = try await bench.packs(RandomCaches(seed: seed, pairs: 60))
        let one = try await compare(packs[0], packs[1], jobs: 1)
        let other = try await compare(packs[1], packs[0], jobs: 8)
        #expect(one.removed == other.added && one.added == other.removed)
        #expect(one.modules.map(\.path) == other.modules.map(\.path))
        for (tallies, first, second) in [(one.removed, packs[0], packs[1]), (one.added, packs[1], packs[0])] {
            let expected = try values(first).subtracting(values(second))
            var counts: [Member.Kind: Int] = [:]
            for value in expected { counts[value.kind, default: 0] += 1 }
            #expect(tallies.mapValues(\.members) == counts)
            #expect(!counts.isEmpty)
        }
    }

    private struct Value: Hashable {
        var kind: Member.Kind
        var text: String
    }

    /// Returns every member of an archive with its value, in words.
    private func values(_ archive: FilePath) throws -> Set<Value> {
        let set = try Archive(opening: archive).members().set
        var result = set.actions.map { Value(kind: .action, text: "\($0.id) \($0.output)") }
        result += set.outputs.map { Value(kind: .output, text: "\($0.id) \($0.executable ?? "")") }
        result += set.trees.map {
            Value(kind: .tree, text: "\($0.module.text) \($0.h1) \(set.manifestID(of: $0))")
        }
        for download in set.downloads {
            let value =
                switch download.content {
                case .bytes(let bytes): "\(bytes)"
                case .derived: ""
                case .stored(let id, _, _): "\(id)"
                }
            result.append(Value(kind: download.kind.memberKind, text: "\(download.module.text) \(value)"))
        }
        result += set.checksumFiles.map { Value(kind: .checksum, text: "\($0.path) \($0.bytes)") }
        return Set(result)
    }

    @Test("counts, for the members that only a union has, the frames that only the union has")
    func frames() async throws {
        let packs = try await bench.packs(RandomCaches(seed: 621, pairs: 60, hasDisagreements: false))
        let union = try await bench.unite(packs[0], packs[1], to: "union")
        let comparison = try await compare(packs[0], union.path)
        #expect(comparison.removed.isEmpty)
        let stored = [.output, .tree, .zip].reduce(0) { $0 + (comparison.added[$1]?.storedBytes ?? 0) }
        let before = try await bench.totals(packs[0]).frameBytes
        #expect(stored == union.report.totals.frameBytes - before)
        #expect(stored > 0)
    }

    @Test("names the versions of a module that came and went, with the bytes of their trees")
    func modules() async throws {
        func module(_ path: String, _ version: String, _ content: [UInt8]) -> CacheModel.Module {
            CacheModel.Module(path: path, version: version, files: [("a.go", content, false)])
        }
        var source = SeededBytes(seed: 631)
        let (small, large) = (source.bytes(500), source.bytes(5_000))
        var models = [CacheModel(), CacheModel()]
        for index in models.indices { try models[index].addModule(module("example.com/same", "v1.0.0", [1])) }
        try models[0].addModule(module("example.com/Bumped", "v1.0.0", small))
        try models[1].addModule(module("example.com/Bumped", "v1.1.0", large))
        try models[0].addModule(module("example.com/gone", "v1.0.0", [2]))
        let packs = try await bench.packs(models)
        let comparison = try await compare(packs[0], packs[1])
        #expect(comparison.modules.map(\.path) == ["example.com/Bumped", "example.com/gone"])
        let bumped = try #require(comparison.modules.first)
        #expect(bumped.removedVersions.map(\.version) == ["v1.0.0"])
        #expect(bumped.addedVersions.map(\.version) == ["v1.1.0"])
        #expect(bumped.removedVersions.map(\.contentBytes) == [500])
        #expect(bumped.addedVersions.map(\.contentBytes) == [5_000])
        #expect(bumped.addedStoredBytes > 5_000 && bumped.removedStoredBytes > 500)
        #expect(comparison.modules.last?.addedVersions.isEmpty == true)
    }
}
