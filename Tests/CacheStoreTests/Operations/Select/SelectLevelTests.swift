import SystemPackage
import Testing

@testable import CacheStore

/// Laws of selections that compress their result again.
@Suite("A selection with a level")
struct SelectLevelTests {
    let bench: Workbench

    /// A place for archives of the same names.
    let elsewhere: Workbench

    init() throws { (bench, elsewhere) = (try Workbench(), try Workbench()) }

    @Test(
        "has the union's members and digest, and one file for all levels, orders and numbers of threads",
        arguments: 601...603 as ClosedRange<UInt64>
    )
    func canonical(seed: UInt64) async throws {
        let models = try RandomCaches(seed: seed, jobs: 3, pairs: 60).withPackages()
        let packs = try await bench.packs(models, levels: [1, 9, 3])
        let others = try await elsewhere.packs(models, levels: [4, 1, 12])
        let level = Int(seed % 4) * 5 + 2
        let union = try await bench.unite(packs[0], packs[1], packs[2], to: "union")
        let once = try await bench.select(packs, to: "once") { ($0.level, $0.jobs) = (level, 1) }
        #expect(once.report.digest == union.report.digest)
        #expect(once.report.disagreements == union.report.disagreements)
        #expect(once.report.removed == Select.Removal())
        let members = try bench.members(union.path, withSources: true)
        #expect(try bench.members(once.path, withSources: true) == members)
        let chunks = try [once.path, union.path].map { try bench.contents($0).set.chunks.map(\.id) }
        #expect(chunks[0] == chunks[1])
        #expect(once.report.totals == (try await bench.totals(once.path)))

        let id = try Files.id(once.path)
        for (name, inputs, jobs) in [
            ("reversed", packs.reversed() + [packs[1]], 2), ("other levels", others, 8),
            ("mixed", [others[2], packs[1], packs[0], others[0]] + [packs[2]], 3),
            ("united", [union.path], 5), ("again", [once.path], 4), ("both", [once.path, union.path], 2),
        ] {
            let other = try await bench.select(inputs, to: name) { ($0.level, $0.jobs) = (level, jobs) }
            #expect(try Files.id(other.path) == id, "\(name), level \(level)")
        }
        #expect(try await Verify().run(once.path).problems.isEmpty)
        #expect(try bench.oracle(once.path) == [])
    }

    @Test("that makes the content larger says so, with both lengths; another says nothing")
    func growth() async throws {
        let models = try RandomCaches(seed: 617, jobs: 1, pairs: 60).jobs
        var packs: [FilePath] = []
        for level in [19, 1] {
            packs.append(try await bench.pack(models[0], to: "level \(level)") { $0.level = level }.path)
        }
        let lengths = try packs.map { try bench.contents($0).set.frameBytes }
        #expect(lengths[0] < lengths[1])
        let larger = try await bench.select([packs[0]], to: "larger") { $0.level = 1 }
        let warning = larger.report.warnings.filter { $0.code == .largerContent }
        #expect(warning.count == 1 && warning.first?.remedy == .keepLevel)
        for length in lengths { #expect(warning.first?.message.contains("\(length) bytes") == true) }
        for (name, pack, level) in [
            ("smaller", packs[1], 19), ("same", packs[0], 19), ("stored", packs[0], nil),
        ] {
            let other = try await bench.select([pack], to: name) { $0.level = level }
            #expect(!other.report.warnings.contains { $0.code == .largerContent }, "\(name)")
        }
    }

    @Test("of a pack is the pack with that level, byte for byte", arguments: [1, 8, 16, 19])
    func pack(level: Int) async throws {
        var model = try RandomCaches(seed: 611, jobs: 1, pairs: 60).jobs[0]
        var source = SeededBytes(seed: 612)
        // Streams of several chunks, among them one that hardly takes any room, and no content at all.
        model.addPair("long", source.halfRandomBytes(level > 9 ? 2_500_000 : 9_000_000))
        model.addPair("zeros", [UInt8](repeating: 0, count: 8_400_000))
        model.addPair("empty", [])
        let caches = try bench.write(model, to: "caches")
        let packed = try await bench.pack(caches, to: "packed") { $0.level = level }
        for (index, other) in [2, 7].enumerated() {
            let start = try await bench.pack(caches, to: "start \(index)") { $0.level = other }.path
            let part = try await bench.select([start], to: "part \(index)") { $0.level = level }
            #expect(try Files.id(part.path) == Files.id(packed.path), "level \(other)")
            #expect(part.report.totals == packed.report.totals)
        }
    }

    @Test("of one source is the pack of that source with that level, if sources agree")
    func projection() async throws {
        let caches = try RandomCaches(seed: 615, jobs: 3, pairs: 60, hasDisagreements: false)
        let packs = try await bench.packs(caches, levels: [1, 5, 9])
        let union = try await bench.unite(packs[0], packs[1], packs[2], to: "union").path
        let bare = try await elsewhere.packs(caches, levels: [7])
        for index in packs.indices {
            let part = try await bench.select([union], to: "part \(index)") {
                ($0.only, $0.level) = (["job-\(index)"], 7)
            }
            #expect(try Files.id(part.path) == Files.id(bare[index]))
        }
    }

    @Test("is the same before and after filters, and after both", arguments: 621...622 as ClosedRange<UInt64>)
    func filters(seed: UInt64) async throws {
        let caches = try RandomCaches(seed: seed, jobs: 3, pairs: 50)
        let packs = try await bench.packs(caches.withPackages(), levels: [1, 9, 3])
        let globs = ["example.com/*", "std", "*Azure*"].compactMap { Glob($0) }
        let compressed = try await bench.select(packs, to: "compressed") { $0.level = 6 }.path
        let filters: [(inout Select.Options) -> Void] = [
            { $0.only = ["job-1"] }, { $0.included = globs }, { $0.excluded = globs },
            { $0.dropped = [.package, .other] }, { $0.heldIn = [packs[1]] },
            { $0.excluded = [Glob("*")].compactMap(\.self) },
        ]
        for (number, filter) in filters.enumerated() {
            let plain = try await bench.select(packs, to: "plain \(number)", configure: filter)
            let both = try await bench.select(packs, to: "both \(number)") {
                filter(&$0)
                $0.level = 6
            }
            let after = try await bench.select([plain.path], to: "after \(number)") { $0.level = 6 }
            let before = try await bench.select([compressed], to: "before \(number)", configure: filter)
            let id = try Files.id(both.path)
            #expect(try Files.id(after.path) == id && Files.id(before.path) == id, "filter \(number)")
            #expect(both.report.digest == plain.report.digest, "filter \(number)")
            // What goes is told by the frames of the inputs.
            #expect(both.report.removed == plain.report.removed, "filter \(number)")
            let preview = try await bench.preview(packs) {
                filter(&$0)
                $0.level = 6
            }
            #expect(preview.report == plain.report, "filter \(number)")
        }
    }

    @Test("writes a smaller file with a higher level, and the same digest")
    func smaller() async throws {
        var model = CacheModel()
        var source = SeededBytes(seed: 625)
        for number in 0..<20 {
            let words = (0..<9_000).map { _ in "word\(Int.random(in: 0..<700, using: &source))" }
            model.addPair("\(number)", Array(words.joined(separator: " ").utf8))
        }
        let pack = try await bench.pack(model, to: "pack")
        var sizes: [Int] = []
        for level in [1, 19] {
            let part = try await bench.select([pack.path], to: "\(level)") { $0.level = level }
            sizes.append(part.report.totals.fileBytes)
            #expect(part.report.digest == pack.report.digest)
        }
        #expect(sizes[0] == pack.report.totals.fileBytes && sizes[1] < sizes[0])
    }

    @Test(
        "takes any sound copy of a damaged frame, and is the archive that sound inputs give",
        arguments: 631...633 as ClosedRange<UInt64>
    )
    func damagedInput(seed: UInt64) async throws {
        var source = SeededBytes(seed: seed)
        let model = try RandomCaches(seed: seed, jobs: 1, pairs: 60).jobs[0]
        let caches = try bench.write(model, to: "caches")
        // The shortest frames are taken, so most of those that are damaged are asked for.
        let small = try await bench.pack(caches, to: "small") { $0.level = 12 }.path
        let good = try await bench.pack(caches, to: "good") { $0.level = 1 }.path
        let sound = try await bench.select([good], to: "sound") { $0.level = 5 }
        let damaged = try bench.damage(
            small,
            frames: bench.chunks(of: small, oneIn: 3, &source),
            to: "damaged",
            &source
        )
        for (name, inputs) in [("one", [damaged, good]), ("other", [good, damaged])] {
            let mended = try await bench.select(inputs, to: name) { $0.level = 5 }
            #expect(try Files.id(mended.path) == Files.id(sound.path), "\(name), seed \(seed)")
            let texts = mended.report.warnings.filter { $0.code == .damagedInput }.map(\.message)
            #expect(!texts.isEmpty && texts.allSatisfy { $0.hasPrefix("`\(damaged)` is damaged at byte ") })
            #expect(!texts.contains { $0.contains("not the same bytes") })
        }
    }

    @Test("takes no frame that has its checksum and other content")
    func wrongContent() async throws {
        var source = SeededBytes(seed: 641)
        var model = CacheModel()
        for number in 0..<6 { model.addPair("\(number)", source.halfRandomBytes(50_000)) }
        let caches = try bench.write(model, to: "caches")
        let good = try await bench.pack(caches, to: "good").path
        let short = try await bench.pack(caches, to: "short") { $0.level = 12 }.path
        let (frames, others) = (try bench.contents(short).set.chunks, try bench.contents(good).set.chunks)
        let number = try #require(frames.indices.first { frames[$0].storedBytes < others[$0].storedBytes })
        let poison = try bench.poison(short, frame: number, to: "poison")
        let error = await failure { try await bench.select([poison], to: "never") { $0.level = 3 } }
        let chunk = frames[number]
        #expect(error?.code == .corruptArchive && error?.path == poison && error?.offset == chunk.offset)
        #expect(error?.member == "output \(chunk.id)" && error?.remedy == .recoverContent)
        let sound = try await bench.select([good], to: "sound") { $0.level = 3 }
        let mended = try await bench.select([poison, good], to: "mended") { $0.level = 3 }
        #expect(try Files.id(mended.path) == Files.id(sound.path))
        #expect(mended.report.warnings.map(\.code) == [.damagedInput, .largerContent])
        #expect(try !bench.names.contains { $0.contains("never") })
    }

    @Test("of inputs that have no sound copy of a frame is an error that names it, and leaves no file")
    func lost() async throws {
        var source = SeededBytes(seed: 645)
        let packs = try await bench.packs(RandomCaches(seed: 645, pairs: 60))
        let chunk = try #require(try bench.contents(packs[0]).set.chunks.first)
        let damaged = try bench.damage(packs[0], frames: [chunk], to: "damaged", &source)
        let again = try bench.copy(damaged, to: "again")
        for inputs in [[damaged], [damaged, damaged], [damaged, again]] {
            let error = await failure { try await bench.select(inputs, to: "never") { $0.level = 9 } }
            #expect(error?.code == .corruptArchive && error?.remedy == .recoverContent)
            #expect(error?.member == "output \(chunk.id)" && error?.offset == chunk.offset)
        }
        #expect(try !bench.names.contains { $0.contains("never") })
    }

    @Test("may replace its input, and refuses levels that there are not, and a limit of the size")
    func refused() async throws {
        let pack = try await bench.packs(RandomCaches(seed: 651, jobs: 1, pairs: 20))[0]
        for level in [Int.min, 0, 20, Int.max] {
            let error = await failure { try await bench.select([pack], to: "never") { $0.level = level } }
            #expect(error?.code == .badArgument && error?.remedy == .chooseLevel, "level \(level)")
        }
        let error = await failure {
            try await bench.select([pack], to: "never") { ($0.level, $0.maximumBytes) = (3, 1 << 30) }
        }
        #expect(error?.code == .badArgument && error?.remedy == .compressFirst)
        #expect(try !bench.names.contains { $0.contains("never") })

        let apart = try await bench.select([pack], to: "apart") { $0.level = 19 }
        let name = try #require(pack.lastComponent?.string)
        let inPlace = try await bench.select([pack], to: name) { ($0.level, $0.overwrite) = (19, true) }
        #expect(try Files.id(inPlace.path) == Files.id(apart.path))
    }
}
