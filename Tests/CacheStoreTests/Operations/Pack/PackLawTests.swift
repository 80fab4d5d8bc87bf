import Glibc
import SystemPackage
import Testing

@testable import CacheStore

/// Laws of packs: what a pack depends on, and what it does not depend on.
@Suite("A pack of random caches")
struct PackLawTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    @Test(
        "is the same, byte for byte, on 1 and 8 threads and for files made in another order at another time"
    )
    func isReproducible() async throws {
        for seed in 101...103 as ClosedRange<UInt64> {
            let model = try RandomCaches(seed: seed, pairs: seed == 101 ? 300 : 60).jobs[0]
            let caches = try bench.write(model, to: "\(seed) first", seed: 1)
            let copy = try bench.write(model, to: "\(seed) second", seed: 2)
            let one = try await bench.pack(caches, to: "\(seed) one") { $0.jobs = 1 }
            let other = try await bench.pack(caches, to: "\(seed) other") { $0.jobs = 8 }
            let third = try await bench.pack(copy, to: "\(seed) third") { $0.jobs = 3 }
            #expect(try Files.id(one.path) == Files.id(other.path), "seed \(seed)")
            #expect(try Files.id(one.path) == Files.id(third.path), "seed \(seed)")
            #expect(one.report == other.report, "seed \(seed)")
            #expect(one.report.digest == third.report.digest, "seed \(seed)")
        }
    }

    @Test("does not depend on the times inside action entries, nor on modes that Go does not need")
    func canonicalForm() async throws {
        let model = try RandomCaches(seed: 110, jobs: 1, pairs: 60).jobs[0]
        var other = model
        for (path, entry) in model.files {
            if path.hasSuffix("-a") {
                let time = Array("                   7\n".utf8)
                other.files[path]?.bytes.replaceSubrange(
                    entry.bytes.count - time.count..<entry.bytes.count,
                    with: time
                )
                other.files[path]?.mode = 0o444
            } else if path.hasSuffix("-d") {
                other.files[path]?.mode = 0o600
            } else if entry.mode == 0o444 {
                other.files[path]?.mode = 0o666
            }
        }
        let one = try await bench.pack(model, to: "one")
        let another = try await bench.pack(other, to: "another")
        #expect(try Files.id(one.path) == Files.id(another.path))
    }

    @Test("has the same digest at every level, and other bytes")
    func levels() async throws {
        let caches = try bench.write(try RandomCaches(seed: 111, jobs: 1, pairs: 60).jobs[0], to: "caches")
        var digests: Set<ObjectID> = []
        var files: Set<ObjectID> = []
        for level in [1, 3, 9] {
            let pack = try await bench.pack(caches, to: "level \(level)") { $0.level = level }
            digests.insert(pack.report.digest)
            files.insert(try Files.id(pack.path))
        }
        #expect(digests.count == 1)
        #expect(files.count == 3)
    }

    @Test("has another digest whenever one member differs")
    func digestTellsApart() async throws {
        let model = try RandomCaches(seed: 112, jobs: 1, pairs: 12).jobs[0]
        let caches = try bench.write(model, to: "caches")
        let digest = try await bench.pack(caches, to: "pack").report.digest
        let path = try #require(model.files.keys.filter { $0.hasSuffix(".info") }.sorted().first)
        var other = model
        other.files[path]?.bytes = Array(#"{"Version":"v9.9.9"}"#.utf8)
        #expect(try await bench.pack(other, to: "other info").report.digest != digest)
        other = model
        other.addPair("one more", [1, 2, 3])
        #expect(try await bench.pack(other, to: "one more").report.digest != digest)
        other = model
        let action = try #require(model.files.keys.filter { $0.hasSuffix("-a") }.sorted().first)
        other.files[action] = nil
        #expect(try await bench.pack(other, to: "one less").report.digest != digest)
    }

    @Test("verifies, and has left out only what Go makes again")
    func isSound() async throws {
        for seed in 121...122 as ClosedRange<UInt64> {
            let pack = try await bench.pack(try RandomCaches(seed: seed).jobs[1], to: "\(seed)")
            let report = try await Verify().run(pack.path)
            #expect(report.problems.isEmpty, "seed \(seed): \(report.problems.first?.description ?? "")")
            #expect(report.digest == pack.report.digest, "seed \(seed)")
            #expect(pack.report.leftOut.allSatisfy { $0.reason == .bookkeeping }, "seed \(seed)")
        }
    }

    @Test("stores each content once, however many outputs hold it")
    func deduplicates() async throws {
        var model = CacheModel()
        var source = SeededBytes(seed: 130)
        let run = source.bytes(9 << 20)
        model.addPair("one", run)
        model.addPair("other", source.bytes(1_000) + run)
        let size = try await bench.pack(model, to: "both").report.totals
        // The cuts of both outputs meet again after the first of the shifted chunks. At worst, a little more
        // than 8 MiB is stored twice.
        #expect(size.all.contentBytes > 18 << 20)
        #expect(size.frameBytes < 16 << 20)
        var same = CacheModel()
        let output = same.addOutput(run)
        for index in 0..<5 { same.addAction(CacheModel.id("\(index)"), output: output, size: run.count) }
        #expect(try await bench.pack(same, to: "same").report.totals.frameBytes < 10 << 20)
    }

    @Test("takes either cache alone")
    func oneCache() async throws {
        let model = try RandomCaches(seed: 131, jobs: 1, pairs: 30).jobs[0]
        let caches = try bench.write(model, to: "caches")
        let both = try bench.members(try await bench.pack(caches, to: "both").path)
        var build = caches
        build.moduleCache = nil
        var modules = caches
        modules.buildCache = nil
        let first = try bench.members(try await bench.pack(build, to: "build").path)
        let second = try bench.members(try await bench.pack(modules, to: "modules").path)
        #expect(!first.isEmpty && !second.isEmpty)
        #expect(first + second == both)
    }

    @Test("is refused for a bad label, a bad level and no cache, and leaves nothing behind")
    func badArguments() async throws {
        let caches = try bench.write(CacheModel(), to: "caches")
        let before = try bench.names
        for label in ["", ".a", "-a", "a b", "a/b", "\u{e9}", String(repeating: "a", count: 65)] {
            let error = await failure { try await bench.pack(caches, as: label, to: "out") }
            #expect(error?.code == .badArgument, "\(label)")
        }
        for level in [0, 20, -1] {
            let error = await failure { try await bench.pack(caches, to: "out") { $0.level = level } }
            #expect(error?.code == .badArgument, "\(level)")
        }
        let none = await failure {
            try await bench.pack(GoCaches(buildCache: nil, moduleCache: nil), to: "out")
        }
        #expect(none?.code == .badArgument)
        let missing = await failure {
            try await bench.pack(GoCaches(buildCache: bench.path("nowhere"), moduleCache: nil), to: "out")
        }
        #expect(missing?.code == .notFound)
        #expect(try bench.names == before)
    }

    @Test("keeps the given environment, without empty settings and with the GOMODCACHE that was packed")
    func environment() async throws {
        let caches = try bench.write(CacheModel(), to: "caches")
        let pack = try await bench.pack(caches, to: "pack") {
            $0.environment = GoEnvironment(variables: [
                "GOOS": "linux", "GOFLAGS": "", "CC": "gcc -m64 \u{e9}",
            ])
            // The initialiser has already dropped the empty settings when this one is set.
            $0.environment.variables["GOARM"] = ""
        }
        let source = try #require(try bench.contents(pack.path).sources.first)
        #expect(source.label == "job")
        #expect(source.digest == pack.report.digest)
        let path = try #require(caches.moduleCache).string
        let expected = ["GOOS": "linux", "CC": "gcc -m64 \u{e9}", "GOMODCACHE": path]
        #expect(source.environment.variables == expected)
        #expect(pack.report.environment.variables == expected)
    }
}
