import SystemPackage
import Testing

@testable import CacheStore

@Suite("A verification of a part")
struct VerifyPartTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    private func verify(_ archive: FilePath, _ part: Verify.Part?, jobs: Int = 2) async throws
        -> Verify.Report
    {
        var options = Verify.Options()
        (options.part, options.jobs) = (part, jobs)
        return try await Verify(options: options).run(archive)
    }

    private func pack(_ seed: UInt64) async throws -> FilePath {
        try await bench.pack(RandomCaches(seed: seed, jobs: 1, pairs: 120).jobs[0], to: "pack \(seed)").path
    }

    @Test("checks at least its share, less without its largest member, and the same for one seed")
    func shares() async throws {
        let archive = try await pack(861)
        let set = try bench.contents(archive).set
        let zips = set.downloads.compactMap {
            if case .stored(_, let size, _) = $0.content { size } else { nil }
        }
        let sizes = set.outputs.map(\.size) + set.trees.map(\.size) + zips
        let all = sizes.reduce(0, +)
        for (share, seed) in [(0.000001, 1), (0.05, 2), (0.3, 3), (0.3, 4), (0.5, 5)] as [(Double, UInt32)] {
            let report = try await verify(archive, .share(share, seed: seed))
            let checked = try #require(report.checked)
            #expect(report.problems.isEmpty && !report.isSound && !checked.isWhole)
            #expect(
                checked.seed == seed && checked.allMembers == sizes.count && checked.allContentBytes == all
            )
            #expect(Double(checked.contentBytes) >= share * Double(all))
            #expect(Double(checked.contentBytes - (sizes.max() ?? 0)) < share * Double(all))
            #expect((1..<sizes.count).contains(checked.members))
            #expect(report.contentBytes == checked.contentBytes)
            #expect(try await verify(archive, .share(share, seed: seed), jobs: 7).checked == checked)
        }
        let whole = try await verify(archive, .share(1))
        let complete = try await verify(archive, nil)
        #expect(whole.isSound && whole.checked?.isWhole == true)
        #expect(whole.members == complete.members && whole.contentBytes == complete.contentBytes)
        #expect(whole.chunks == complete.chunks && whole.checked?.members == sizes.count)
    }

    /// An archive of small outputs and of one that is longer than all of them.
    private func packWithLongOutput() async throws -> (path: FilePath, long: Int, small: Int) {
        var source = SeededBytes(seed: 866)
        var model = CacheModel()
        for number in 0..<40 { model.addPair("small \(number)", source.bytes(2000)) }
        let (long, all) = (9_000_000, 40 * 2000)
        model.addPair("long", source.bytes(long))
        return (try await bench.pack(model, to: "long").path, long, all)
    }

    @Test("leaves out a member that is too long for the share, unless it is drawn first or needed")
    func longMember() async throws {
        let (archive, long, small) = try await packWithLongOutput()
        var firsts = 0
        for seed in 0..<UInt32(80) {
            // The share is half of the small outputs.
            let share = Double(small / 2) / Double(long + small)
            let checked = try #require(try await verify(archive, .share(share, seed: seed)).checked)
            if checked.contentBytes >= long {
                firsts += 1
                #expect(checked.members == 1, "seed \(seed)")
            } else {
                #expect((small / 2...small).contains(checked.contentBytes), "seed \(seed)")
            }
        }
        // One of 41 is the first with the same chance: about 2 of 80.
        #expect((1...15).contains(firsts), "\(firsts)")
        let half = try #require(try await verify(archive, .share(0.4, seed: 1)).checked)
        #expect(half.contentBytes >= long)
    }

    @Test("ends in the middle of a member, which then does not count, but reads the first to its end")
    func givesUp() async throws {
        let archive = try Archive(opening: try await packWithLongOutput().path)
        try await ProgressCounters.reporting(to: nil) { counters in
            let operation = try await VerifyOperation(archive, threads: 1, counters)
            // One pause comes before each member, and one before each chunk.
            var counts: [Int] = []
            for limit in 0..<90 {
                counts.append(try await check(operation, seed: 1, pauses: limit).members)
            }
            #expect(counts[0] == 1 && counts.last == 41 && counts == counts.sorted(), "\(counts)")
            // A small output takes two pauses. Only in the middle of the long one nothing counts for longer.
            let durations = Dictionary(grouping: counts, by: \.self).mapValues(\.count)
            #expect(durations.filter { $0.key < 41 && $0.value > 2 }.count == 1, "\(counts)")

            var longWasFirst = false
            for seed in 0..<UInt32(120) {
                let checked = try await check(operation, seed: seed, pauses: 0)
                #expect(checked.members == 1, "seed \(seed)")
                if checked.contentBytes > 2000 { longWasFirst = true }
            }
            #expect(longWasFirst, "no seed draws the long output first")
        }
    }

    /// Checks a part with a clock that jumps past the end of the time when it has been read some times.
    private func check(_ operation: VerifyOperation, seed: UInt32, pauses: Int) async throws
        -> Verify.Report.Checked
    {
        let start = ContinuousClock.now
        let reads = Gathered(0)
        var part = try PartOperation(operation, .time(.seconds(5), seed: seed), since: start)
        part.now = {
            reads.update { $0 += 1 }
            return reads.value <= pauses ? start : start + .seconds(9)
        }
        let (found, checked) = try await part.run()
        #expect(found.faults.isEmpty && checked.allMembers == 41)
        return checked
    }

    @Test("is another part in each run, and all runs together find each damaged frame")
    func finds() async throws {
        let archive = try await pack(862)
        var source = SeededBytes(seed: 862)
        let chunks = try bench.chunks(of: archive, oneIn: 6, &source)
        let damaged = try bench.damage(archive, frames: chunks, to: "damaged", &source)
        let all = Set(try await verify(damaged, nil).problems.compactMap(\.member))
        var (found, counts): (Set<String>, Set<Int>) = ([], [])
        for seed in 0..<UInt32(60) {
            let report = try await verify(damaged, .share(0.2, seed: seed))
            let members = Set(report.problems.compactMap(\.member))
            #expect(members.isSubset(of: all), "seed \(seed)")
            found.formUnion(members)
            counts.insert(members.count)
        }
        // A member misses 60 draws of at least a fifth with a chance of 0.8^60, about one in a million.
        #expect(found == all && counts.count > 1)
        let random = try await verify(archive, .share(0.2)).checked?.seed
        let other = try await verify(archive, .share(0.2)).checked?.seed
        let third = try await verify(archive, .share(0.2)).checked?.seed
        #expect(Set([random, other, third]).count > 1)
    }

    @Test("of no time checks one member, and of much time all")
    func times() async throws {
        let archive = try await pack(863)
        var first: Set<Int> = []
        for seed in 0..<UInt32(8) {
            let report = try await verify(archive, .time(.nanoseconds(1), seed: seed))
            #expect(report.checked?.members == 1 && !report.isSound && report.problems.isEmpty)
            first.insert(report.contentBytes)
        }
        #expect(first.count > 1, "always the same member")
        let report = try await verify(archive, .time(.seconds(3600)))
        #expect(report.isSound && report.checked?.isWhole == true)
        #expect(report.members == (try await verify(archive, nil)).members)
    }

    @Test("always checks the whole index")
    func index() async throws {
        let archive = try await pack(864)
        let start = try Archive(opening: archive).trailer.framesSize
        let size = try Files.bytes(archive).count
        let damaged = try bench.copy(archive, to: "damaged") { $0[(start + size) / 2] ^= 1 }
        for part in [try Verify.Part.share(0.000001, seed: 1), .time(.nanoseconds(1), seed: 1)] {
            #expect(try await verify(damaged, part).problems.map(\.code) == [.corruptArchive])
        }
    }

    @Test("of an archive without content is the whole archive")
    func empty() async throws {
        let archive = try await bench.pack(CacheModel(), to: "empty").path
        let report = try await verify(archive, .share(0.5))
        #expect(report.isSound && report.checked?.allMembers == 0 && report.checked?.share == 1)
    }

    @Test("can't have a share of nothing or of more than all, nor be compared with a go.sum")
    func contradictions() async throws {
        for share in [0, -0.1, 1.000001, .nan, .infinity] {
            #expect(throws: CacheStoreError.self, "\(share)") { try Verify.Part.share(share) }
        }
        let archive = try await pack(865)
        try Files.write(Array("example.com/a v1.0.0 h1:a=\n".utf8), to: bench.path("go.sum"))
        var options = Verify.Options()
        options.part = try .share(0.1)
        options.modules = try await NamedModules(reading: [bench.path("go.sum")])
        let error = await failure { try await Verify(options: options).run(archive) }
        #expect(error?.code == .badArgument)
    }
}

@Suite("A random order")
struct RandomOrderTests {
    @Test("is a permutation that the seed decides, the same in all versions")
    func permutation() {
        for count in [0, 1, 2, 3, 100] {
            for seed in [0, 1, UInt32.max] {
                let order = RandomOrder.numbers(below: count, seed: seed)
                #expect(order.sorted() == Array(0..<count))
                #expect(order == RandomOrder.numbers(below: count, seed: seed))
            }
        }
        #expect(RandomOrder.numbers(below: 50, seed: 1) != RandomOrder.numbers(below: 50, seed: 2))
        // The values of another implementation, in Python.
        #expect(RandomOrder.numbers(below: 10, seed: 7) == [9, 5, 8, 6, 1, 2, 4, 7, 0, 3])
    }

    @Test("puts each number at each place about as often as any other")
    func uniform() {
        var counts = [[Int]](repeating: [Int](repeating: 0, count: 5), count: 5)
        for seed in 0..<UInt32(5000) {
            for (place, number) in RandomOrder.numbers(below: 5, seed: seed).enumerated() {
                counts[place][number] += 1
            }
        }
        // The standard deviation of each count is 28.
        #expect(counts.joined().allSatisfy { (850...1150).contains($0) }, "\(counts)")
    }
}
