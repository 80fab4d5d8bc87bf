import SystemPackage
import Testing

@testable import CacheStore

/// Laws of patterns in a restore and in images, tested with random caches: they choose as a selection does.
@Suite("Patterns for names")
struct PatternRestoreTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    /// Patterns, and labels of sources.
    enum Choice: CaseIterable, Sendable {
        case included, excluded, both, withLabels, nothing

        var included: [String] {
            switch self {
            case .included, .both, .withLabels:
                ["example.com/*", "std", "*yaml*", "*/alpha", "github.com/X/*"]
            case .excluded, .nothing: []
            }
        }

        var excluded: [String] {
            switch self {
            case .included: []
            case .excluded, .both, .withLabels: ["example.com/a", "main*", "github.com/Azure/*"]
            case .nothing: ["*"]
            }
        }

        var labels: [String]? { self == .withLabels ? ["job-0", "job-2"] : nil }
    }

    private func globs(_ patterns: [String]) throws -> [Glob] {
        try patterns.map { try #require(Glob($0)) }
    }

    @Test("restore the members that a selection keeps, and warn of the same", arguments: Choice.allCases)
    func restore(_ choice: Choice) async throws {
        let packs = try await bench.packs(RandomCaches(seed: 311, jobs: 3, pairs: 60).withPackages())
        let union = try await bench.unite(packs[0], packs[1], packs[2], to: "union").path
        let (included, excluded) = (try globs(choice.included), try globs(choice.excluded))
        let selection = try await bench.select([union], to: "selection") {
            ($0.only, $0.included, $0.excluded) = (choice.labels, included, excluded)
        }
        let expected = try await bench.restore(selection.path, to: "expected")
        let found = try await bench.restore(union, to: "found") {
            ($0.only, $0.included, $0.excluded) = (choice.labels, included, excluded)
        }
        let contents = try ["found", "expected"].map { name in
            try TreeSnapshot(of: bench.path(name)).contents.filter { $0.key != "build/trim.txt" }
        }
        #expect(contents[0] == contents[1])
        #expect(found.report.digest == expected.report.digest)
        #expect(found.report.archiveDigest != found.report.digest)
        #expect(found.report.actions == expected.report.actions)
        #expect(found.report.outputs == expected.report.outputs)
        let warnings = found.report.warnings.filter { $0.code == .unmatchedPattern }
        #expect(warnings == selection.report.warnings.filter { $0.code == .unmatchedPattern })
    }

    @Test("make the image that a selection makes", arguments: Choice.allCases)
    func image(_ choice: Choice) async throws {
        let packs = try await bench.packs(RandomCaches(seed: 312, jobs: 3, pairs: 40).withPackages())
        let union = try await bench.unite(packs[0], packs[1], packs[2], to: "union").path
        let (included, excluded) = (try globs(choice.included), try globs(choice.excluded))
        let selection = try await bench.select([union], to: "selection") {
            ($0.included, $0.excluded) = (included, excluded)
        }
        var options = Layers.Options()
        (options.architecture, options.only) = ("amd64", choice.labels)
        let expected = try await Layers(options: options).run(selection.path, to: bench.path("expected"))
        (options.included, options.excluded) = (included, excluded)
        let found = try await Layers(options: options).run(union, to: bench.path("found"))
        #expect(found.layers.map(\.diffID) == expected.layers.map(\.diffID))
        #expect(found.archiveDigest == expected.archiveDigest)
        let warnings = found.warnings.filter { $0.code == .unmatchedPattern }
        #expect(warnings == selection.report.warnings.filter { $0.code == .unmatchedPattern })
    }

    @Test("count a package that is damaged as one without a name, where damage is skipped")
    func damage() async throws {
        let pack = try await bench.packs(RandomCaches(seed: 301, jobs: 1, pairs: 40).withPackages())[0]
        let excluded = try globs(["example.com/a"])
        let set = try Archive(opening: pack).members().set
        let package = try #require(set.outputs.first { $0.contentClass == .package && $0.size > 0 })
        let chunks = package.chunks.numbers.prefix(1).map { set.chunks[$0] }
        var source = SeededBytes(seed: 313)
        let damaged = try bench.damage(pack, frames: chunks, to: "damaged", &source)
        await #expect(throws: CacheStoreError.self) {
            try await bench.restore(damaged, to: "refused") { $0.excluded = excluded }
        }
        let restored = try await bench.restore(damaged, to: "restored") {
            ($0.excluded, $0.skipsDamaged) = (excluded, true)
        }
        #expect(restored.report.leftOut.map(\.label).contains { $0.contains(package.id.description) })
    }
}
