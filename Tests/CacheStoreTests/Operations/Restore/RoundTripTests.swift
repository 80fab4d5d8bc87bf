import SystemPackage
import Testing

@testable import CacheStore

/// Laws of restoring as the inverse of packing, tested with random caches.
@Suite("Restoring and packing random caches")
struct RoundTripTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    @Test(
        "again gives the same digest, and the same bytes for one pack",
        arguments: 201...202 as ClosedRange<UInt64>
    )
    func pack(seed: UInt64) async throws {
        let model = try RandomCaches(seed: seed, pairs: seed == 201 ? 300 : 60).jobs[0]
        let pack = try await bench.pack(model, to: "pack")
        let restored = try await bench.restore(pack.path, to: "restored") { $0.moduleZips = .make }
        let again = try await bench.pack(restored.caches, to: "again")
        #expect(again.report.digest == pack.report.digest, "seed \(seed)")
        #expect(try Files.id(again.path) == Files.id(pack.path), "seed \(seed)")
        #expect(again.report.leftOut.allSatisfy { $0.reason == .bookkeeping }, "seed \(seed)")
    }

    @Test(
        "gives a union's digest too, with any number of threads",
        arguments: 211...212 as ClosedRange<UInt64>
    )
    func union(seed: UInt64) async throws {
        let caches = try RandomCaches(seed: seed, pairs: 70)
        let first = try await bench.pack(caches.jobs[0], as: "a", to: "a").path
        let second = try await bench.pack(caches.jobs[1], as: "b", to: "b").path
        let union = try await bench.unite(first, second, to: "union")
        let restored = try await bench.restore(union.path, to: "restored") {
            $0.moduleZips = .make
            $0.jobs = 8
        }
        #expect(restored.report.digest == union.report.digest)
        let again = try await bench.pack(restored.caches, as: "both", to: "again")
        #expect(again.report.digest == union.report.digest, "seed \(seed)")
    }

    @Test("without zips gives all members but the zips that trees make")
    func withoutZips() async throws {
        let model = try RandomCaches(seed: 221).jobs[0]
        let pack = try await bench.pack(model, to: "pack")
        let restored = try await bench.restore(pack.path, to: "restored")
        let again = try await bench.pack(restored.caches, to: "again")
        var expected: [String] = []
        for member in try bench.contents(pack.path).members {
            if member.kind == .zip, member.files == 0 { continue }
            expected.append("\(member.kind.rawValue) \(member.name) \(member.detail)")
        }
        #expect(try bench.members(again.path) == expected)
        #expect(again.report.digest != pack.report.digest)
    }

    @Test("writes the very files that were packed", arguments: 231...232 as ClosedRange<UInt64>)
    func files(seed: UInt64) async throws {
        let model = try RandomCaches(seed: seed, hasDisagreements: false).jobs[0]
        let pack = try await bench.pack(model, to: "pack")
        try await bench.restore(pack.path, to: "restored") { $0.moduleZips = .make }
        let restored = try TreeSnapshot(of: bench.path("restored")).files
        for (path, entry) in model.files where !["build/trim.txt", "build/README"].contains(path) {
            if path.hasSuffix(".lock"), restored[path] == nil { continue }
            let found = try #require(restored[path], "seed \(seed): \(path) is missing")
            if path.hasSuffix("-a") { continue }
            let id = ContentHasher.hash(entry.bytes.span)
            #expect(found.id == id, "seed \(seed): \(path)")
        }
        for path in restored.keys where model.files[path] == nil {
            #expect(
                path == "build/trim.txt" || path.hasSuffix("/@v/list") || path.hasSuffix(".lock"),
                "seed \(seed): \(path) was never packed"
            )
        }
    }

    @Test("a second time touches no file", arguments: [Restore.Options.ModuleZips.none, .make])
    func isIdempotent(zips: Restore.Options.ModuleZips) async throws {
        let caches = try RandomCaches(seed: 241, pairs: 60)
        let first = try await bench.pack(caches.jobs[0], as: "a", to: "a").path
        let second = try await bench.pack(caches.jobs[1], as: "b", to: "b").path
        let union = try await bench.unite(first, second, to: "union").path
        try await bench.restore(union, to: "restored") { $0.moduleZips = zips }
        let before = try TreeSnapshot(of: bench.path("restored"))
        let report = try await bench.restore(union, to: "restored") { $0.moduleZips = zips }.report
        let after = try TreeSnapshot(of: bench.path("restored"))
        for tally in [report.outputs, report.actions, report.treeFiles, report.downloads] {
            #expect(tally.created == 0 && tally.replaced == 0 && tally.untouched > 0)
        }
        #expect(report.bytesWritten == 0)
        #expect(report.removed == 0)
        let changed = after.difference(from: before) { path in
            // `trim.txt` holds the current time, and taking a lock opens its file for writing.
            path == "build/trim.txt" || path.hasSuffix(".lock") || after.entries[path]?.kind == .directory
        }
        #expect(changed.isEmpty)
        #expect(before.paths == after.paths)
    }

    @Test("in two steps, one archive over the other, gives what their union gives")
    func overEachOther() async throws {
        let caches = try RandomCaches(seed: 251, pairs: 60, hasDisagreements: false)
        let first = try await bench.pack(caches.jobs[0], as: "a", to: "a").path
        let second = try await bench.pack(caches.jobs[1], as: "b", to: "b").path
        let union = try await bench.unite(first, second, to: "union")
        for archive in [first, second] {
            try await bench.restore(archive, to: "restored") { $0.moduleZips = .make }
        }
        let again = try await bench.pack(bench.caches("restored"), as: "both", to: "again")
        #expect(again.report.digest == union.report.digest)
    }

    @Test("with only some sources gives exactly their members", arguments: 261...262 as ClosedRange<UInt64>)
    func only(seed: UInt64) async throws {
        let caches = try RandomCaches(seed: seed, jobs: 3, pairs: 60, hasDisagreements: false)
        var packs: [(path: FilePath, report: Pack.Report)] = []
        for (job, label) in ["a", "b", "c"].enumerated() {
            packs.append(try await bench.pack(caches.jobs[job], as: label, to: label))
        }
        let union = try await bench.unite(packs[0].path, packs[1].path, packs[2].path, to: "union")
        for (job, label) in ["a", "b", "c"].enumerated() {
            let restored = try await bench.restore(union.path, to: "only \(label)") {
                $0.only = [label]
                $0.moduleZips = .make
            }
            #expect(restored.report.digest == packs[job].report.digest, "seed \(seed), \(label)")
            #expect(restored.report.archiveDigest == union.report.digest, "seed \(seed), \(label)")
            let again = try await bench.pack(restored.caches, as: label, to: "\(label) again")
            #expect(again.report.digest == packs[job].report.digest, "seed \(seed), \(label)")
        }
        let two = try await bench.unite(packs[0].path, packs[2].path, to: "two")
        let restored = try await bench.restore(union.path, to: "a and c") {
            $0.only = ["c", "a"]
            $0.moduleZips = .make
        }
        #expect(restored.report.digest == two.report.digest, "seed \(seed)")
        let again = try await bench.pack(restored.caches, as: "x", to: "x")
        #expect(again.report.digest == two.report.digest, "seed \(seed)")
    }

    @Test("of one cache alone has the digest of an archive of that cache")
    func digestOfOneCache() async throws {
        let both = try bench.write(RandomCaches(seed: 263, jobs: 1, pairs: 20).jobs[0], to: "both")
        let archive = try await bench.pack(both, to: "both.castore")
        for keepsBuildCache in [true, false] {
            var part = both
            if keepsBuildCache { part.moduleCache = nil } else { part.buildCache = nil }
            let expected = try await bench.pack(part, to: "part \(keepsBuildCache)").report.digest
            var target = bench.caches("out")
            if keepsBuildCache { target.moduleCache = nil } else { target.buildCache = nil }
            let report = try await Restore().run(archive.path, into: target)
            #expect(report.digest == expected)
            #expect(report.archiveDigest == archive.report.digest)
        }
        let whole = try await bench.restore(archive.path, to: "out").report
        #expect(whole.digest == archive.report.digest)
    }
}
