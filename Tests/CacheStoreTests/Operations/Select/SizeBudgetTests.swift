import SystemPackage
import Testing

@testable import CacheStore

/// The order in which packages and modules go for the size of an archive.
@Suite("A budget")
struct SizeBudgetTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    /// A budget for the members of an archive, and the lengths of the archives without the first units.
    private struct Sized {
        var budget: SizeBudget
        var set: MemberSet
        var path: FilePath

        /// Returns the length of the archive of a selection, in bytes.
        func size(_ selection: MemberSelection) throws -> Int {
            let (members, order) = selection.result
            return try SelectionPlan.fileBytes(
                of: members.laidOut(order) { set.chunks[$0] },
                beside: path
            )
        }
    }

    private func sized(seed: UInt64) async throws -> Sized {
        let packs = try await bench.packs(RandomCaches(seed: seed, jobs: 3, pairs: 30).withPackages())
        let union = try await bench.unite(packs[0], packs[1], packs[2], to: "union").path
        let archive = try Archive(opening: union)
        let set = try bench.contents(union).set
        let names = try await ProgressCounters.reporting(to: nil) {
            try await SelectionNames(in: [archive], jobs: 2, $0)
        }
        return Sized(
            budget: try SizeBudget(MemberSelection(set), names) {},
            set: set,
            path: bench.path("sized")
        )
    }

    @Test(
        "cuts what fewest sources hold, Go's own after the rest, then what frees most, then by name",
        arguments: 401...402 as ClosedRange<UInt64>
    )
    func order(seed: UInt64) async throws {
        let order = try await sized(seed: seed).budget.order
        #expect(order.count > 8 && order.contains(where: \.isModule) && !order.allSatisfy(\.isModule))
        #expect(Set(order.filter(\.isStandard).map(\.name)) == ["fmt", "net/http"])
        for (first, second) in zip(order, order.dropFirst()) {
            #expect(first.sources <= second.sources)
            guard first.sources == second.sources else { continue }
            #expect(!first.isStandard || second.isStandard)
            guard first.isStandard == second.isStandard else { continue }
            #expect(first.storedBytes >= second.storedBytes)
            if first.storedBytes == second.storedBytes { #expect(first.name <= second.name) }
        }
    }

    @Test(
        "takes the first of its order, as few as it must, and a last one that frees no more than it must",
        arguments: 403...405 as ClosedRange<UInt64>
    )
    func cuts(seed: UInt64) async throws {
        let sized = try await sized(seed: seed)
        let order = sized.budget.order
        let sizes = try (0...order.count).map { try sized.size(sized.budget.without(0..<$0)) }
        #expect(try sized.budget.cut(to: sizes[0], size: { rest, _ in try sized.size(rest) }).cuts.isEmpty)
        var replaced = 0
        for (count, larger) in sizes.dropLast().enumerated() where sizes[count + 1] < larger {
            // Just below what is left without `count` units, just what one more leaves, and between.
            for limit in Set([larger - 1, (larger + sizes[count + 1]) / 2, sizes[count + 1]])
            where limit < larger {
                let (selection, cuts) = try sized.budget.cut(
                    to: limit,
                    size: { rest, _ in try sized.size(rest) }
                )
                #expect(try sized.size(selection) <= limit)
                #expect(cuts.count == count + 1 && cuts.dropLast() == order.prefix(count))
                let last = try #require(cuts.last)
                let expected = order[count]
                #expect(last.sources == expected.sources && last.isStandard == expected.isStandard)
                guard last != expected else {
                    // The smallest one whose frames would be enough is this one, or makes the index longer.
                    let enough = order.indices.dropFirst(count).filter {
                        order[$0].sources == last.sources && order[$0].isStandard == last.isStandard
                            && order[$0].storedBytes >= larger - limit
                    }
                    let smallest = enough.min { order[$0].storedBytes < order[$1].storedBytes }
                    if let smallest, order[smallest].storedBytes < last.storedBytes {
                        let other = sized.budget.without(0..<count, and: smallest)
                        #expect(try sized.size(other) > limit)
                    }
                    continue
                }
                replaced += 1
                #expect(order.dropFirst(count).contains(last) && last.storedBytes < expected.storedBytes)
                #expect(last.storedBytes >= larger - limit)
                #expect(
                    !order.dropFirst(count).contains {
                        $0.sources == last.sources && $0.isStandard == last.isStandard
                            && $0.storedBytes >= larger - limit && $0.storedBytes < last.storedBytes
                    }
                )
            }
        }
        #expect(replaced > 3)
    }

    @Test("has no unit that goes left in the archive, and all of the others")
    func archive() async throws {
        let sized = try await sized(seed: 406)
        let union = bench.path("union")
        let all = try Archive(opening: union).fileBytes
        for part in 1...4 {
            let least = try sized.size(sized.budget.without(0..<sized.budget.order.count))
            let limit = least + (all - least) * part / 5
            let (path, report) = try await bench.select([union], to: "part \(part)") {
                $0.maximumBytes = limit
            }
            #expect(report.totals.fileBytes <= limit && !report.cuts.isEmpty)
            let modules = Set(try bench.contents(path).set.trees.map(\.module.unescaped))
            let cut = Set(report.cuts.filter(\.isModule).map(\.name))
            #expect(modules == Set(sized.set.trees.map(\.module.unescaped)).subtracting(cut))
        }
    }

    @Test("that can't be met is an error with the least size, rounded up to one that can be")
    func tooSmall() async throws {
        let sized = try await sized(seed: 407)
        let least = try sized.size(sized.budget.without(0..<sized.budget.order.count))
        // The frames alone are too much for some limits, and leave room for an index in others.
        for limit in [1, least / 8, least / 2, least - 1] {
            let error = await failure {
                try await bench.select([bench.path("union")], to: "never") { $0.maximumBytes = limit }
            }
            #expect(error?.code == .overBudget && error?.remedy == .allowSize)
            #expect(error?.message.hasSuffix("it still has \(SizeBudget.words(atLeast: least))") == true)
        }
        #expect(!Files.exists(bench.path("never")))
        let report = try await bench.select([bench.path("union")], to: "least") { $0.maximumBytes = least }
            .report
        #expect(report.totals.fileBytes <= least)
    }

    @Test(
        "is in words never less than the number of bytes",
        arguments: [
            (1, "1 B"), (999, "999 B"), (1000, "1.00 kB"), (1001, "1.01 kB"), (9_990, "9.99 kB"),
            (9_991, "10.0 kB"), (123_456, "124 kB"), (999_001, "1.00 MB"), (360_000_001, "361 MB"),
            (5_000_000_000, "5.00 GB"),
        ]
    )
    func words(bytes: Int, text: String) {
        #expect(SizeBudget.words(atLeast: bytes) == text)
    }
}
