import SystemPackage
import Testing

@testable import CacheStore

/// The set algebra with inputs whose frames are damaged.
@Suite("A damaged input")
struct DamagedInputTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    @Test(
        "of a union beside a sound copy gives the bytes of the sound union, with a warning per frame",
        arguments: 701...702 as ClosedRange<UInt64>
    )
    func copy(seed: UInt64) async throws {
        var source = SeededBytes(seed: seed)
        let packs = try await bench.packs(
            RandomCaches(seed: seed, pairs: 60),
            levels: [1, 3]
        )
        let sound = try await bench.unite(packs[0], packs[1], to: "sound").path
        let chosen = try bench.chunks(of: packs[0], oneIn: 4, &source)
        let damaged = try bench.damage(packs[0], frames: chosen, to: "damaged", &source)
        for inputs in [[damaged, packs[0], packs[1]], [packs[1], packs[0], damaged]] {
            var options = SetOptions()
            options.overwrite = true
            let report = try await Union(options: options).run(inputs, to: bench.path("union"))
            #expect(try Files.id(bench.path("union")) == Files.id(sound), "seed \(seed)")
            let warnings = report.warnings.filter { $0.code == .damagedInput }
            #expect(
                warnings.allSatisfy {
                    $0.message.hasPrefix("`\(damaged)` is damaged at byte ")
                        && $0.message.contains(#/, in member `[a-z]+ [^` ]+`: the new archive has /#)
                }
            )
            // Of two equal frames, the first input's is copied.
            #expect(warnings.isEmpty == (inputs[0] != damaged), "seed \(seed)")
        }
    }

    @Test(
        "of a union beside the same content at another level gives the digest, and says that bytes differ",
        arguments: 711...712 as ClosedRange<UInt64>
    )
    func otherLevel(seed: UInt64) async throws {
        var source = SeededBytes(seed: seed)
        let model = try RandomCaches(seed: seed, jobs: 1, pairs: 60).jobs[0]
        let caches = try bench.write(model, to: "caches")
        let good = try await bench.pack(caches, to: "good") { $0.level = 1 }.path
        let small = try await bench.pack(caches, to: "small") { $0.level = 12 }.path
        let chosen = try bench.chunks(of: small, oneIn: 3, &source)
        let damaged = try bench.damage(small, frames: chosen, to: "damaged", &source)
        let one = try await bench.unite(damaged, good, to: "one")
        let other = try await bench.unite(good, damaged, to: "other")
        #expect(try Files.id(one.path) == Files.id(other.path), "seed \(seed)")
        #expect(one.report.digest == (try bench.contents(good).digest), "seed \(seed)")
        #expect(try await Verify().run(one.path).problems.isEmpty, "seed \(seed)")
        let texts = one.report.warnings.filter { $0.code == .damagedInput }.map(\.message)
        #expect(!texts.isEmpty, "seed \(seed)")
        let sound = try await bench.unite(small, good, to: "sound")
        let isSame = try Files.id(sound.path) == Files.id(one.path)
        #expect(isSame != texts.contains { $0.contains("not the same bytes") }, "seed \(seed)")
    }

    @Test("of a union is not mended with a frame that has its checksum and other content")
    func wrongContent() async throws {
        var source = SeededBytes(seed: 731)
        var model = CacheModel()
        for number in 0..<6 { model.addPair("\(number)", source.halfRandomBytes(50_000)) }
        let caches = try bench.write(model, to: "caches")
        let long = try await bench.pack(caches, to: "long") { $0.level = 1 }.path
        let short = try await bench.pack(caches, to: "short") { $0.level = 12 }.path
        let (frames, others) = (try bench.contents(short).set.chunks, try bench.contents(long).set.chunks)
        let number = try #require(frames.indices.first { frames[$0].storedBytes < others[$0].storedBytes })
        let damaged = try bench.copy(short, to: "damaged") { $0[frames[number].offset + 100] ^= 1 }
        let poison = try bench.poison(long, frame: number, to: "poison")
        let error = await failure { try await bench.unite(damaged, poison, to: "union") }
        #expect(error?.code == .corruptArchive && error?.path == damaged, "\(String(describing: error))")
        for inputs in [[damaged, poison, long], [long, damaged, poison]] {
            var options = SetOptions()
            options.overwrite = true
            let report = try await Union(options: options).run(inputs, to: bench.path("union"))
            #expect(report.digest == (try bench.contents(long).digest))
            #expect(try await Verify().run(bench.path("union")).problems.isEmpty)
            #expect(report.warnings.filter { $0.code == .damagedInput }.count == 2)
        }
    }

    @Test("of a difference or an intersection is mended from the other inputs")
    func others() async throws {
        var source = SeededBytes(seed: 721)
        let caches = try RandomCaches(seed: 721, pairs: 60, hasDisagreements: false)
        let packs = try await bench.packs(caches)
        let common = try await bench.intersect(packs[0], packs[1], to: "common").path
        let all = try bench.contents(packs[0]).set.chunks
        let shared = Set(try bench.contents(common).set.chunks.map(\.id))
        let damaged = try bench.damage(
            packs[0],
            frames: all.filter { shared.contains($0.id) },
            to: "damaged",
            &source
        )
        let intersection = try await bench.intersect(damaged, packs[1], to: "intersection")
        #expect(try Files.id(intersection.path) == Files.id(common))
        #expect(intersection.report.warnings.contains { $0.code == .damagedInput })
        // A tree that two members need, or an output of a new entry, may stand in both archives.
        let rest = try await bench.subtract(packs[0], without: packs[1], to: "rest").path
        let difference = try await bench.subtract(damaged, without: packs[1], to: "difference")
        #expect(try Files.id(difference.path) == Files.id(rest))
        let kept = Set(try bench.contents(rest).set.chunks.map(\.id)).intersection(shared)
        #expect(difference.report.warnings.count == kept.count)
    }

    @Test("of which no other input has a sound copy is an error that names the member and the remedy")
    func lost() async throws {
        var source = SeededBytes(seed: 731)
        let packs = try await bench.packs(RandomCaches(seed: 731, pairs: 60))
        let chunk = try #require(try bench.contents(packs[0]).set.chunks.first)
        let damaged = try bench.damage(packs[0], frames: [chunk], to: "damaged", &source)
        let again = try bench.copy(damaged, to: "again")
        for inputs in [[damaged], [damaged, damaged], [damaged, again]] {
            let error = await failure { try await Union().run(inputs, to: bench.path("never")) }
            #expect(error?.code == .corruptArchive && error?.remedy == .recoverContent)
            #expect(error?.member == "output \(chunk.id)" && error?.offset == chunk.offset)
        }
        #expect(try !bench.names.contains { $0.contains("never") })
    }

    @Test("of which several frames are lost is the same error at any number of threads, in every attempt")
    func severalLost() async throws {
        var source = SeededBytes(seed: 732)
        var inputs: [FilePath] = []
        // The frames of the inputs take turns in the union, so there are many runs.
        for (index, pack) in try await bench.packs(RandomCaches(seed: 732, jobs: 3, pairs: 60)).enumerated() {
            let chunks = try bench.contents(pack).set.chunks
            inputs.append(try bench.damage(pack, frames: chunks, to: "damaged \(index)", &source))
        }
        let one = await failure { try await bench.unite(inputs[0], inputs[1], inputs[2], to: "x", jobs: 1) }
        #expect(one?.code == .corruptArchive && one?.member != nil && one?.offset != nil)
        for jobs in [2, 3, 16, 16, 16] {
            let error = await failure {
                try await bench.unite(inputs[0], inputs[1], inputs[2], to: "x", jobs: jobs)
            }
            #expect(error?.member == one?.member && error?.offset == one?.offset && error?.path == one?.path)
        }
        #expect(try !bench.names.contains("x"))
    }

    @Test("keeps neither a selection nor its preview back, unless filters need the name")
    func preview() async throws {
        var source = SeededBytes(seed: 733)
        let pack = try await bench.packs(RandomCaches(seed: 733, jobs: 1, pairs: 20).withPackages())[0]
        let set = try bench.contents(pack).set
        let package = try #require(set.outputs.first { $0.contentClass == .package })
        let chunks = package.chunks.numbers.map { set.chunks[$0] }
        let damaged = try bench.damage(pack, frames: chunks, to: "damaged", &source)
        func select(_ options: Select.Options) async throws -> Select.Report {
            try await Select(options: options).run([damaged], to: bench.path("part"))
        }
        var options = Select.Options()
        options.dropped = [.package]
        options.overwrite = true
        let report = try await select(options)
        let preview = try await bench.preview([damaged]) { $0 = options }
        #expect(preview.report.digest == report.digest && preview.unknownPackages > 0)
        // A filter that asks for names reads the packages, in a run as in a preview.
        options.excluded = [Glob("std")].compactMap(\.self)
        let run = await failure { try await select(options) }
        let previewed = await failure { try await bench.preview([damaged]) { $0 = options } }
        #expect(run?.code == .corruptArchive && run?.member == previewed?.member && run?.member != nil)
    }
}
