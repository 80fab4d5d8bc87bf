import SystemPackage
import Testing

@testable import CacheStore

/// Tests of selections that go row by row against ones that hold all members in memory.
@Suite("A selection that goes row by row")
struct RowSelectionTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    /// Returns the caches of three jobs, in which outputs have chunks of trees and zips.
    private func caches(_ seed: UInt64, pairs: Int) throws -> [CacheModel] {
        var jobs = try RandomCaches(seed: seed, jobs: 3, pairs: pairs).withPackages()
        for (index, name) in ["one", "two", "three"].enumerated() {
            let content = Array("module shared.example/\(name) // \(seed)\n".utf8)
            let module = CacheModel.Module(
                path: "shared.example/\(name)",
                version: "v1.0.0",
                files: [("go.mod", content, false)]
            )
            let zipped = CacheModel.Module(
                path: "zipped.example/\(name)",
                version: "v1.0.0",
                files: [("go.mod", Array("module zipped.example/\(name)\n".utf8), false)]
            )
            for job in [index, (index + 1) % 3] {
                try jobs[job].addModule(module)
                try jobs[job].addModule(zipped, [.zip, .info, .mod, .hash])
            }
            // The output is the tree's only file, or the zip.
            jobs[index].addPair("\(seed) shared \(name)", content)
            jobs[(index + 2) % 3].addPair("\(seed) zipped \(name)", try zipped.zip)
        }
        return jobs
    }

    /// Returns a function that sets random filters.
    private func filters(
        _ source: inout SeededBytes,
        _ packs: [FilePath],
        _ name: String
    ) throws -> (inout Select.Options) -> Void {
        var options = Select.Options()
        func some<Value>(_ values: [Value]) -> [Value] {
            let found = values.filter { _ in source.isOnce(in: 2) }
            return found.isEmpty ? [values[Int.random(in: values.indices, using: &source)]] : found
        }
        let labels = ["job-0", "job-1", "job-2"]
        let globs = try ["example.com/*", "std", "*yaml*", "shared.example/*", "zipped*", "*/alpha"].map {
            try #require(Glob($0))
        }
        if source.isOnce(in: 3) { options.only = some(labels) }
        if source.isOnce(in: 4) { options.sharedBy = some(options.only ?? labels) }
        if source.isOnce(in: 3) { options.included = some(globs) }
        if source.isOnce(in: 3) { options.excluded = some(globs) }
        if source.isOnce(in: 4) { options.kept = Set(some(EntryClass.all)) }
        if source.isOnce(in: 3) {
            options.dropped = Set(some([.package, .main, .stdout, .other, .executable]))
            options.kept?.subtract(options.dropped)
        }
        if source.isOnce(in: 4) { options.heldIn = some(packs) }
        if source.isOnce(in: 5) {
            options.usedLogs = [try bench.log(some(bench.contents(packs[0]).set.actions.map(\.id)), to: name)]
        }
        if options.keepsAll { options.dropped = [.package] }
        return { [options] in $0 = options }
    }

    @Test(
        "writes the archive and reports the figures of one in memory, for any filters",
        arguments: 421...426 as ClosedRange<UInt64>
    )
    func oracle(seed: UInt64) async throws {
        var source = SeededBytes(seed: seed)
        let packs = try await bench.packs(caches(seed, pairs: seed == 421 ? 200 : 50), levels: [1, 9, 3])
        let union = try await bench.unite(packs[0], packs[1], packs[2], to: "union").path
        let whole = try bench.contents(union).set
        #expect(
            whole.outputs.count { output in
                whole.trees.contains { tree in
                    tree.chunks.numbers.contains { whole.chunks[$0].id == output.id }
                }
            } >= 3
        )
        for round in 0..<12 {
            let filters = try filters(&source, packs, "\(round).log")
            let inputs = round % 3 == 0 ? [union] : Array(packs.prefix(1 + round % 3))
            var name = "seed \(seed), round \(round)"
            let rows = try await Result.of {
                try await bench.select(inputs, to: "rows \(round)", configure: filters)
            }
            let inMemory = try await Result.of {
                try await bench.select(inputs, to: "memory \(round)") {
                    filters(&$0)
                    // A limit that nothing reaches.
                    $0.maximumBytes = 1 << 40
                }
            }
            switch (rows, inMemory) {
            case (.success(let rows), .success(let inMemory)):
                name += ", \(rows.report.removed.all.members) of \(rows.report.totals.all.members)"
                #expect(rows.report == inMemory.report, "\(name)")
                #expect(try Files.id(rows.path) == Files.id(inMemory.path), "\(name)")
                guard round % 4 == 0 else { continue }
                let preview = try await bench.preview(inputs, configure: filters)
                let other = try await bench.preview(inputs) {
                    filters(&$0)
                    $0.maximumBytes = 1 << 40
                }
                #expect(preview == other && preview.report == rows.report, "\(name)")
            case (.failure(let one), .failure(let other)):
                #expect(one.code == other.code && one.message == other.message, "\(name)")
            default: Issue.record("\(name): one fails")
            }
        }
    }

    // MARK: - Closing

    /// The entries that stay, found with sets.
    private func closed(_ entries: [(id: ObjectID, isPackage: Bool)], _ fates: [Fate]) -> [Bool] {
        let all = Array(zip(entries, fates))
        func ids(_ isWanted: (Fate) -> Bool) -> Set<ObjectID> {
            Set(all.filter { $0.0.isPackage && isWanted($0.1) }.map(\.0.id))
        }
        let packages = ids { _ in true }
        var gone = Array(ids { $0 == .takes }.subtracting(ids { $0 == .stays }))
        var orphans: Set<ObjectID> = []
        while let id = gone.popLast() {
            for (derived, _) in EntryRoles.derived(from: id) where orphans.insert(derived).inserted {
                if packages.contains(derived) { gone.append(derived) }
            }
        }
        return all.map { $1 == .stays && !orphans.contains($0.id) }
    }

    private enum Fate: CaseIterable { case stays, goes, takes }

    @Test("takes along what Go derives from packages that go, also in a chain that Go never makes")
    func chains() {
        var source = SeededBytes(seed: 431)
        var taken = 0
        for _ in 0..<200 {
            var entries: [(id: ObjectID, isPackage: Bool)] = []
            for _ in 0..<Int.random(in: 1...12, using: &source) {
                var id = CacheModel.id("\(source.next())")
                for _ in 0..<Int.random(in: 1...6, using: &source) {
                    for _ in 0..<(source.isOnce(in: 4) ? 2 : 1) {
                        entries.append((id, !source.isOnce(in: 4)))
                    }
                    id = EntryRoles.derived(from: id)[Int.random(in: 0..<3, using: &source)].id
                }
            }
            entries.sort { $0.id < $1.id }
            let fates = entries.map { _ in Fate.allCases[Int.random(in: 0..<3, using: &source)] }
            var selection = EntrySelection(count: entries.count)
            for (position, fate) in fates.enumerated() where fate != .stays {
                selection.drop(position, takingDerived: fate == .takes)
            }
            let result = selection.closed { body in for entry in entries { body(entry.id, entry.isPackage) } }
            let expected = closed(entries, fates)
            #expect(entries.indices.map { result[$0] } == expected)
            taken += zip(fates, expected).count { $0 == .stays && !$1 }
        }
        #expect(taken > 100)
    }
}

extension Result where Failure == CacheStoreError {
    /// Returns the result of `body`, or the error of the library that it throws.
    fileprivate static func of(_ body: () async throws -> Success) async throws -> Self {
        do {
            return .success(try await body())
        } catch let error as CacheStoreError {
            return .failure(error)
        }
    }
}
