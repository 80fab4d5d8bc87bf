import SystemPackage
import Testing

@testable import CacheStore

/// Laws of selections, tested with random caches and each kind of filter.
@Suite("A selection from random caches")
struct SelectLawTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    /// A set of filters.
    enum Filter: CaseIterable, Sendable {
        case only, onlyTwo, sharedBy, included, excluded, both, kept, dropped, used, heldIn, size, all,
            nothing
    }

    private static func globs(_ patterns: String...) throws -> [Glob] {
        try patterns.map { try #require(Glob($0)) }
    }

    /// Returns a function that sets filters; with `isReversed`, lists are reversed and repeat themselves.
    private func filters(
        _ filter: Filter,
        _ packs: [FilePath],
        isReversed: Bool = false
    ) async throws -> (inout Select.Options) -> Void {
        func list<Value>(_ values: [Value]) -> [Value] {
            isReversed ? values.reversed() + values.prefix(1) : values
        }
        let included = try Self.globs("example.com/*", "std", "*yaml*", "*/alpha", "github.com/X/*")
        let excluded = try Self.globs("example.com/a", "main*", "github.com/Azure/azure-sdk-for-go@*")
        let actions = try bench.contents(packs[0]).set.actions
        let used = actions.enumerated().filter { $0.offset % 3 != 0 }.map(\.element.id)
        let logs = [
            try bench.log(used.prefix(used.count / 2), to: "\(filter) 1 \(isReversed).log"),
            try bench.log(used.dropFirst(used.count / 3), to: "\(filter) 2 \(isReversed).log"),
        ]
        let limit = filter == .size ? try await middleSize(of: packs) : 1 << 30
        return { options in
            if [.only, .all].contains(filter) { options.only = list(["job-0"]) }
            if filter == .onlyTwo { options.only = list(["job-2", "job-1"]) }
            if filter == .sharedBy { options.sharedBy = list(["job-0", "job-2"]) }
            if [.included, .both, .all].contains(filter) { options.included = list(included) }
            if [.excluded, .both, .all].contains(filter) { options.excluded = list(excluded) }
            if filter == .kept { options.kept = [.package, .sources, .executable] }
            if [.dropped, .all].contains(filter) { options.dropped = [.package, .other, .stdout] }
            if [.used, .all].contains(filter) { options.usedLogs = list(logs) }
            if [.heldIn, .all].contains(filter) { options.heldIn = list([packs[1], packs[2]]) }
            if [.size, .all].contains(filter) { options.maximumBytes = limit }
            if filter == .nothing { options.excluded = [Glob("*")].compactMap(\.self) }
        }
    }

    /// Returns a size between that of all members and that without any package and module, in bytes.
    private func middleSize(of packs: [FilePath]) async throws -> Int {
        let whole = try await bench.preview(packs) { $0.kept = Set(EntryClass.all) }
        let least = try await bench.preview(packs) { $0.excluded = [Glob("*")].compactMap(\.self) }
        return (whole.report.totals.fileBytes + least.report.totals.fileBytes) / 2
    }

    @Test(
        "without a filter is the union, byte for byte, in any order",
        arguments: 301...302 as ClosedRange<UInt64>
    )
    func noFilter(seed: UInt64) async throws {
        let packs = try await bench.packs(RandomCaches(seed: seed, jobs: 3, pairs: 60), levels: [1, 9])
        let union = try await bench.unite(packs[0], packs[1], packs[2], to: "union")
        for (name, inputs) in [("one", packs), ("other", packs.reversed() + [packs[0], union.path])] {
            let selection = try await bench.select(inputs, to: name) { $0.jobs = name.utf8.count }
            #expect(try Files.id(selection.path) == Files.id(union.path))
            #expect(selection.report.digest == union.report.digest)
            #expect(selection.report.totals == union.report.totals)
            #expect(selection.report.disagreements == union.report.disagreements)
            #expect(selection.report.removed == Select.Removal())
        }
    }

    @Test(
        "is one archive for inputs and filters in any order, repeated, united before, and selected again",
        arguments: Filter.allCases
    )
    func laws(filter: Filter) async throws {
        let seed = UInt64(310 + (Filter.allCases.firstIndex(of: filter) ?? 0))
        let caches = try RandomCaches(seed: seed, jobs: 3, pairs: 50)
        let packs = try await bench.packs(caches.withPackages(), levels: [1, 9, 3])
        let union = try await bench.unite(packs[0], packs[1], packs[2], to: "union").path
        let filters = try await filters(filter, packs)
        let once = try await bench.select(packs, to: "once") {
            filters(&$0)
            $0.jobs = 1
        }
        let id = try Files.id(once.path)
        let reversed = try await self.filters(filter, packs, isReversed: true)
        for (name, inputs) in [
            ("reversed", packs.reversed() + [packs[1]]), ("united", [union]), ("again", [once.path]),
            ("with a part", [union, once.path, packs[2]]),
        ] {
            let other = try await bench.select(inputs, to: name) {
                reversed(&$0)
                $0.jobs = 8
            }
            #expect(try Files.id(other.path) == id, "\(filter), \(name)")
            #expect(other.report.digest == once.report.digest, "\(filter), \(name)")
        }

        // The members are some of the union's, and the report counts the others.
        let (members, whole) = (try Set(bench.members(once.path)), try Set(bench.members(union)))
        #expect(members.isSubset(of: whole) && members.count < whole.count)
        if filter != .nothing { #expect(!members.isEmpty) }
        #expect(once.report.removed.all.members == whole.count - members.count)
        let totals = try await bench.totals(union)
        #expect(
            once.report.removed.all.storedBytes <= totals.all.storedBytes - once.report.totals.all.storedBytes
        )
        if filter == .size {
            #expect(try await once.report.totals.fileBytes <= middleSize(of: packs))
            #expect(!once.report.cuts.isEmpty)
        }
        let preview = try await bench.preview(packs, configure: reversed)
        #expect(preview.report == once.report)
        #expect(try await Verify().run(once.path).problems.isEmpty)
        #expect(try bench.oracle(once.path) == [])
    }

    @Test("takes with it what can't be used alone", arguments: Filter.allCases)
    func closure(filter: Filter) async throws {
        let seed = UInt64(330 + (Filter.allCases.firstIndex(of: filter) ?? 0))
        let packs = try await bench.packs(
            RandomCaches(seed: seed, jobs: 3, pairs: 40).withPackages()
        )
        let set = try bench.contents(
            try await bench.select(packs, to: "part", configure: await filters(filter, packs)).path
        ).set
        let whole = try bench.contents(
            try await bench.unite(packs[0], packs[1], packs[2], to: "union").path
        ).set
        #expect(Set(set.actions.map(\.output)) == Set(set.outputs.map(\.id)))
        #expect(set.unusedChunks.isEmpty)
        let entries = Set(set.actions.map(\.id))
        let packages = whole.actions.filter { action in
            whole.outputNumber(of: action.output).map { whole.outputs[$0].contentClass } == .package
        }
        #expect(!packages.isEmpty)
        for package in packages where !entries.contains(package.id) {
            #expect(entries.isDisjoint(with: EntryRoles.derived(from: package.id).map(\.id)))
        }
        for tree in set.trees where whole.download(.ziphash, of: tree.module) != nil {
            #expect(set.download(.ziphash, of: tree.module) != nil)
        }
        for download in set.downloads {
            let hasTree = set.treeIndex(of: download.module) != nil
            if download.content == .derived { #expect(hasTree) }
        }
    }

    @Test(
        "of what matches and of what does not match make up the whole again",
        arguments: 351...353 as ClosedRange<UInt64>
    )
    func complement(seed: UInt64) async throws {
        let packs = try await bench.packs(RandomCaches(seed: seed, jobs: 2, pairs: 40).withPackages())
        let whole = try await bench.unite(packs[0], packs[1], to: "whole")
        let globs = try Self.globs("example.com/a*", "*Azure*", "net/http")
        let match = try await bench.select(packs, to: "match") { $0.included = globs }
        let rest = try await bench.select(packs, to: "rest") { $0.excluded = globs }
        #expect(match.report.removed.all.members > 0 && rest.report.removed.all.members > 0)
        let both = try await bench.unite(match.path, rest.path, to: "both")
        #expect(
            try bench.members(both.path, withSources: true) == bench.members(whole.path, withSources: true)
        )
        #expect(both.report.digest == whole.report.digest)
    }

    @Test(
        "of one source is the archive that the source's pack wrote, byte for byte, if sources agree",
        arguments: 361...363 as ClosedRange<UInt64>
    )
    func projection(seed: UInt64) async throws {
        let caches = try RandomCaches(seed: seed, jobs: 3, pairs: 60, hasDisagreements: false)
        let packs = try await bench.packs(caches.withPackages())
        let union = try await bench.unite(packs[0], packs[1], packs[2], to: "union").path
        for (index, pack) in packs.enumerated() {
            let part = try await bench.select([union], to: "part \(index)") { $0.only = ["job-\(index)"] }
            #expect(try Files.id(part.path) == Files.id(pack))
            let lost = try bench.contents(union).set.actions.count - bench.contents(pack).set.actions.count
            let losses = part.report.removed.entriesBySource
            #expect(losses["job-\(index)"] == nil && losses.values.reduce(0, +) >= lost && lost > 0)
            #expect(losses.values.allSatisfy { $0 <= lost })
        }
    }

    @Test(
        "of one source restores what that source's members of the union are restored to",
        arguments: 371...373 as ClosedRange<UInt64>
    )
    func projectedRestore(seed: UInt64) async throws {
        let packs = try await bench.packs(RandomCaches(seed: seed, jobs: 3, pairs: 40))
        let union = try await bench.unite(packs[0], packs[1], packs[2], to: "union").path
        let part = try await bench.select([union], to: "part") { $0.only = ["job-1"] }.path
        let one = try await bench.restore(union, to: "from union") { $0.only = ["job-1"] }
        let other = try await bench.restore(part, to: "from part")
        #expect(one.report.digest == other.report.digest)
        #expect(try bench.contents(part).digest == other.report.digest)
        let snapshots = try ["from part", "from union"].map { name in
            // Go's note of the last trim is a time.
            try TreeSnapshot(of: bench.path(name)).contents.filter { $0.key != "build/trim.txt" }
        }
        #expect(snapshots[0] == snapshots[1] && snapshots[0].count > 256)
        #expect(try bench.contents(part).sources.map(\.label) == ["job-1"])
    }

    @Test("by filters that keep all is the union, byte for byte, if no frame is unused")
    func filtersThatKeepAll() async throws {
        let caches = try RandomCaches(seed: 381, jobs: 2, pairs: 60, hasDisagreements: false)
        let packs = try await bench.packs(caches.withPackages())
        let union = try await bench.unite(packs[0], packs[1], to: "union")
        let log = try bench.log(bench.contents(union.path).set.actions.map(\.id), to: "all.log")
        let filters: [(inout Select.Options) -> Void] = [
            { $0.kept = Set(EntryClass.all) }, { $0.dropped = [.coverage] }, { $0.heldIn = [union.path] },
            { $0.only = ["job-0", "job-1"] }, { $0.included = [Glob("*")].compactMap(\.self) },
            { $0.excluded = [Glob("nothing")].compactMap(\.self) }, { $0.usedLogs = [log] },
        ]
        for (index, filter) in filters.enumerated() {
            let part = try await bench.select(packs, to: "part \(index)", configure: filter)
            #expect(try Files.id(part.path) == Files.id(union.path), "filter \(index)")
            #expect(part.report.removed == Select.Removal(), "filter \(index)")
        }
    }

    @Test("flattens a chain of packs upon bases to the digest of a whole pack")
    func chain() async throws {
        let caches = try RandomCaches(seed: 391, jobs: 3, pairs: 60, hasDisagreements: false)
        var model = caches.jobs[0]
        var chain = [try await bench.pack(model, as: "job-0", to: "0").path]
        for index in 1...2 {
            model.files.merge(caches.jobs[index].files) { old, _ in old }
            let bases = chain
            chain.append(
                try await bench.pack(model, as: "job-\(index)", to: "\(index)") { $0.bases = bases }.path
            )
        }
        let whole = try await bench.pack(model, as: "whole", to: "whole").report.digest
        let flat = try await bench.select(chain, to: "flat")
        #expect(flat.report.digest == whole)
        let kept = try await bench.select(chain, to: "kept") { $0.kept = Set(EntryClass.all) }
        #expect(kept.report.digest == whole)
    }

    @Test("takes the sound copy of a damaged frame, and is the archive that sound inputs give")
    func damagedInput() async throws {
        var source = SeededBytes(seed: 395)
        let caches = try RandomCaches(seed: 395, jobs: 2, pairs: 60)
        let packs = try await bench.packs(caches)
        let chunks = try bench.chunks(of: packs[0], oneIn: 5, &source)
        let damaged = try bench.damage(packs[0], frames: chunks, to: "damaged", &source)
        let sound = try await bench.select(packs, to: "sound") { $0.dropped = [.executable] }
        let inputs = [damaged, packs[1], packs[0]]
        let mended = try await bench.select(inputs, to: "mended") { $0.dropped = [.executable] }
        #expect(try Files.id(mended.path) == Files.id(sound.path))
        #expect(mended.report.warnings.contains { $0.code == .damagedInput })
        let error = await failure {
            try await bench.select([damaged], to: "never") { $0.dropped = [.executable] }
        }
        #expect(error?.code == .corruptArchive)
        #expect(!Files.exists(bench.path("never")))
    }
}
