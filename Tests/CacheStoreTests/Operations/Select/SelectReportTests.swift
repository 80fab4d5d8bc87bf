import SystemPackage
import Testing

@testable import CacheStore

/// The report on a selection.
@Suite("The report on a selection")
struct SelectReportTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    @Test("counts the entries and modules that each source loses", arguments: [411, 412] as [UInt64])
    func losses(seed: UInt64) async throws {
        let packs = try await bench.packs(RandomCaches(seed: seed, jobs: 3, pairs: 30).withPackages())
        let whole = try bench.contents(
            try await bench.unite(packs[0], packs[1], packs[2], to: "union").path
        )
        let globs = ["std", "example.com/*"].compactMap { Glob($0) }
        let (path, report) = try await bench.select(packs, to: "part") { $0.excluded = globs }
        let part = try bench.contents(path)
        func modules(_ contents: ArchiveContents, _ label: String? = nil) -> Set<String> {
            let members = contents.members.filter { [.tree, .zip].contains($0.kind) }
            return Set(members.filter { label.map($0.sources.contains) ?? true }.map(\.name))
        }
        let actions = Set(part.set.actions.map(\.id.description))
        for label in whole.set.sources.map(\.label) {
            let loss = try #require(report.removed.bySource[label])
            let entries = whole.members.filter {
                $0.kind == .action && $0.sources.contains(label) && !actions.contains($0.name)
            }
            #expect(loss.entries == entries.count && loss.entries > 0)
            for (entryClass, count) in loss.byClass {
                #expect(entries.filter { $0.entryClass == entryClass }.count == count)
            }
            #expect(loss.modules == modules(whole, label).subtracting(modules(part)).count)
        }
        #expect(!report.removed.modulesBySource.isEmpty)
    }

    @Test("warns of each pattern that matches nothing in the whole, once, in any order")
    func patterns() async throws {
        let packs = try await bench.packs(RandomCaches(seed: 413, jobs: 2, pairs: 20).withPackages())
        let (included, excluded) = (["none/*", "std", "None"], ["fmt", "absent", "none/*"])
        for isReversed in [false, true] {
            let report = try await bench.preview(packs) {
                $0.included = (isReversed ? included.reversed() : included).compactMap { Glob($0) }
                $0.excluded = (isReversed ? excluded.reversed() : excluded).compactMap { Glob($0) }
                // What another filter leaves out is matched all the same.
                $0.dropped = [.package]
            }.report
            let messages = report.warnings.filter { $0.code == .unmatchedPattern }.map(\.message)
            #expect(
                messages
                    == ["None", "absent", "none/*"].map {
                        "no module and no package matches the pattern `\($0)`"
                    }
            )
        }
    }

    @Test("says what is wrong with a pattern that is written as other programs have it")
    func foreignPatterns() async throws {
        let packs = try await bench.packs(RandomCaches(seed: 415, jobs: 2, pairs: 20).withPackages())
        for (pattern, hint) in [
            ("std,fmt", "no list"), ("example.com/...", "`*`, not `...`"), ("std/", "no name ends"),
        ] {
            let report = try await bench.preview(packs) { $0.excluded = [Glob(pattern)].compactMap(\.self) }
                .report
            #expect(report.warnings.map(\.code) == [.unmatchedPattern])
            #expect(
                report.warnings[0].message.contains("`\(pattern)` (")
                    && report.warnings[0].message.contains(hint)
            )
        }
    }

    @Test(
        "warns where filters leave nothing that builds use, row by row and in memory",
        arguments: [nil, Int.max]
    )
    func nothingLeft(limit: Int?) async throws {
        let packs = try await bench.packs(RandomCaches(seed: 416, jobs: 2, pairs: 20).withPackages())
        func warnings(_ configure: (inout Select.Options) -> Void) async throws -> [Warning.Code] {
            try await bench.preview(packs) {
                configure(&$0)
                $0.maximumBytes = limit
            }.report.warnings.map(\.code).filter { $0 == .nothingLeft }
        }
        let all = Glob("*").map { [$0] } ?? []
        #expect(try await warnings { $0.excluded = all } == [.nothingLeft])
        #expect(try await warnings { ($0.included, $0.excluded) = (all, all) } == [.nothingLeft])
        #expect(try await warnings { $0.included = all }.isEmpty)
        // Modules alone are of use.
        #expect(try await warnings { $0.dropped = [.package, .main] }.isEmpty)
    }

    @Test("takes the place of no log that it reads, nor of the log beside it")
    func logs() async throws {
        let packs = try await bench.packs(RandomCaches(seed: 417, jobs: 1, pairs: 20))
        let log = try bench.log(bench.contents(packs[0]).set.actions.map(\.id), to: "log")
        let beside = UseLog.path(besides: log)
        try Files.write([UInt8]("figures".utf8), to: log)
        for (named, output) in [(log, beside), (beside, beside), (log, log)] {
            var options = Select.Options()
            (options.usedLogs, options.overwrite) = ([named], true)
            let before = try Files.bytes(beside)
            let run = await failure { try await Select(options: options).run(packs, to: output) }
            let preview = await failure { try await Select(options: options).preview(packs, to: output) }
            #expect(run?.code == .badArgument && run?.path != nil && preview?.code == .badArgument)
            #expect(try Files.bytes(beside) == before)
        }
    }

    @Test("has the disputes of a union, as far as several outputs stay")
    func disputes() async throws {
        let packs = try await bench.packs(RandomCaches(seed: 414, jobs: 3, pairs: 60))
        let union = try await bench.unite(packs[0], packs[1], packs[2], to: "union").report
        #expect(!union.disputes.isEmpty)
        for keepsAll in [true, false] {
            let report = try await bench.select(packs, to: "all \(keepsAll)") {
                $0.kept = keepsAll ? nil : Set(EntryClass.all)
            }.report
            #expect(report.disputes == union.disputes)
        }
        let two = try await bench.select(packs, to: "two") { $0.only = ["job-0", "job-1"] }
        let set = try bench.contents(two.path).set
        let counts = Dictionary(grouping: set.actions, by: \.id).mapValues(\.count)
        let disputed = Set(union.disputes.map(\.action)).filter { counts[$0] ?? 0 > 1 }
        #expect(Set(two.report.disputes.map(\.action)) == disputed)
        for dispute in two.report.disputes {
            #expect(dispute.sides.count == counts[dispute.action])
            #expect(dispute.sides.allSatisfy { !$0.labels.isEmpty && !$0.labels.contains("job-2") })
        }
        #expect(try await bench.select(packs, to: "one") { $0.only = ["job-2"] }.report.disputes.isEmpty)
    }

    @Test("comes without an output, fails where none could be written, and warns of one that is there")
    func output() async throws {
        let packs = try await bench.packs(RandomCaches(seed: 415, jobs: 1, pairs: 20))
        var select = Select()
        let before = try bench.names
        let report = try await select.preview(packs).report
        #expect(try bench.names == before)
        let lost = bench.path("absent").appending("out")
        let error = await failure { try await select.preview(packs, to: lost) }
        #expect(error?.code == .notFound && error?.remedy == .makeDirectory)
        let warned = try await select.preview(packs, to: packs[0]).report
        #expect(warned.warnings.first?.code == .outputExists && warned.digest == report.digest)
        select.options.overwrite = true
        let replacing = try await select.preview(packs, to: packs[0]).report
        #expect(replacing == report)
    }

    @Test("does not exist for a log that names nothing, and the remedy is the selection's own")
    func emptyLog() async throws {
        let packs = try await bench.packs(RandomCaches(seed: 416, jobs: 1, pairs: 10))
        for (name, text, code) in [
            ("empty", "", CacheStoreError.Code.emptyLog), ("torn", "torn", .emptyLog),
            ("none", nil, .notFound),
        ] as [(String, String?, CacheStoreError.Code)] {
            if let text { try Files.write(Array(text.utf8), to: UseLog.path(besides: bench.path(name))) }
            let error = await failure {
                try await bench.select(packs, to: "never") { $0.usedLogs = [bench.path(name)] }
            }
            #expect(error?.code == code && error?.remedy == .logUseToSelect)
        }
    }
}
