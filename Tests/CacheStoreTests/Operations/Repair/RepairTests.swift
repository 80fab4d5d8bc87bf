import SystemPackage
import Testing

@testable import CacheStore

/// Repairs of damaged archives.
@Suite("A repair")
struct RepairTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    private func repair(
        _ damaged: FilePath,
        from others: FilePath...,
        to name: String = "repaired"
    ) async throws -> (path: FilePath, report: Repair.Report) {
        var options = Repair.Options()
        options.overwrite = true
        let output = bench.path(name)
        return (output, try await Repair(options: options).run(damaged, from: others, to: output))
    }

    @Test(
        "from a copy that is damaged in other frames gives the archive, byte for byte",
        arguments: 601...602 as ClosedRange<UInt64>
    )
    func copies(seed: UInt64) async throws {
        var source = SeededBytes(seed: seed)
        let packs = try await bench.packs(RandomCaches(seed: seed, pairs: seed == 601 ? 300 : 60))
        let sound = try await bench.unite(packs[0], packs[1], to: "sound").path
        let all = try bench.contents(sound).set.chunks.shuffled(using: &source)
        let one = try bench.damage(sound, frames: all.prefix(all.count / 2), to: "one", &source)
        let other = try bench.damage(sound, frames: all.dropFirst(all.count / 2), to: "other", &source)
        for (damaged, sibling) in [(one, other), (other, one)] {
            let (path, report) = try await repair(damaged, from: sibling)
            #expect(try Files.id(path) == Files.id(sound), "seed \(seed)")
            #expect(report.isComplete && report.isIdentical && report.leftOut.isEmpty, "seed \(seed)")
            #expect(report.replaced.allSatisfy { $0.source == sibling }, "seed \(seed)")
            #expect(!report.replaced.isEmpty && report.digest == report.statedDigest, "seed \(seed)")
        }
    }

    @Test(
        "of a union from its packs, which have other levels, gives the digest",
        arguments: 611...612 as ClosedRange<UInt64>
    )
    func packs(seed: UInt64) async throws {
        var source = SeededBytes(seed: seed)
        let caches = try RandomCaches(seed: seed, pairs: 60)
        let packs = try await bench.packs(caches, levels: [1, 3])
        let others = try await bench.packs(caches, to: "others", levels: [9, 12])
        let sound = try await bench.unite(packs[0], packs[1], to: "sound").path
        let chosen = try bench.chunks(of: sound, oneIn: 3, &source)
        let damaged = try bench.damage(sound, frames: chosen, to: "damaged", &source)
        let (path, report) = try await repair(damaged, from: others[0], others[1])
        #expect(report.isComplete && report.digest == report.statedDigest, "seed \(seed)")
        #expect(report.replaced.count == Set(chosen.map(\.id)).count, "seed \(seed)")
        #expect(try bench.members(path, withSources: true) == bench.members(sound, withSources: true))
        #expect(try await Verify().run(path).problems.isEmpty, "seed \(seed)")
        // Frames with the bytes that were damaged are preferred, wherever they stand in the list.
        let exact = try await repair(damaged, from: others[0], others[1], packs[0], packs[1])
        #expect(exact.report.isIdentical, "seed \(seed)")
        #expect(try Files.id(exact.path) == Files.id(sound), "seed \(seed)")
    }

    @Test(
        "leaves out the members that a verification lists and no archive has",
        arguments: 621...622 as ClosedRange<UInt64>
    )
    func rest(seed: UInt64) async throws {
        var source = SeededBytes(seed: seed)
        let model = try RandomCaches(seed: seed, jobs: 1, pairs: 60).jobs[0]
        let sound = try await bench.pack(model, to: "sound").path
        let chosen = try bench.chunks(of: sound, oneIn: 5, &source)
        let damaged = try bench.damage(sound, frames: chosen, to: "damaged", &source)
        let (path, report) = try await repair(damaged, from: damaged)
        #expect(try await Set(report.leftOut.map(\.label)) == bench.damagedMembers(of: damaged))
        #expect(!report.isComplete && !report.isIdentical && report.replaced.isEmpty, "seed \(seed)")
        #expect(report.warnings.map(\.code) == report.leftOut.map { _ in .damagedMember }, "seed \(seed)")
        #expect(try await Verify().run(path).problems.isEmpty, "seed \(seed)")
        let restored = try await bench.restore(damaged, to: "rest") { $0.skipsDamaged = true }.report
        #expect(restored.digest == report.digest, "seed \(seed)")
        #expect(restored.leftOut == report.leftOut, "seed \(seed)")
    }

    @Test("of a sound archive is that archive")
    func sound() async throws {
        let sound = try await HostileArchive(bench: bench).sound()
        let (path, report) = try await repair(sound)
        #expect(try Files.id(path) == Files.id(sound))
        #expect(report.isIdentical && report.warnings.isEmpty)
    }

    @Test("of an archive whose index breaks a rule writes the index anew, and says so")
    func rewritten() async throws {
        let sound = try await HostileArchive(bench: bench).sound()
        let trailer = try Archive(opening: sound).trailer
        let odd = try bench.copy(sound, to: "odd") { bytes in
            // The change counter of SQLite, which no row needs.
            bytes[trailer.indexOffset + 27] ^= 2
            let index = bytes[trailer.indexOffset..<trailer.indexOffset + trailer.indexSize]
            let id = ContentHasher.hash(Array(index).span)
            bytes.replaceSubrange(trailer.indexOffset - 32..<trailer.indexOffset, with: id.bytes)
        }
        #expect(try await Verify().run(odd).problems.count == 1)
        let (path, report) = try await repair(odd)
        #expect(report.isComplete && !report.isIdentical && report.digest == report.statedDigest)
        #expect(report.warnings.map(\.code) == [.rewrittenIndex])
        #expect(try Files.id(path) == Files.id(sound) && Files.id(path) != Files.id(odd))
    }

    @Test(
        "of an archive whose index is rotten uses the same index of a copy, whose frames may be damaged",
        arguments: 631...631 as ClosedRange<UInt64>
    )
    func rottenIndex(seed: UInt64) async throws {
        var source = SeededBytes(seed: seed)
        let model = try RandomCaches(seed: seed, jobs: 1, pairs: 60).jobs[0]
        let sound = try await bench.pack(model, to: "sound").path
        let offset = try Archive(opening: sound).trailer.indexOffset
        let rotten = try bench.copy(sound, to: "rotten") { $0[offset + 5000] ^= 0x40 }
        let chosen = try bench.chunks(of: sound, oneIn: 3, &source)
        let copy = try bench.damage(sound, frames: chosen, to: "copy", &source)
        let (path, report) = try await repair(rotten, from: copy)
        #expect(try Files.id(path) == Files.id(sound), "seed \(seed)")
        #expect(report.isComplete && report.isIdentical && report.foreignIndex == copy, "seed \(seed)")
        #expect(report.warnings.map(\.code) == [.foreignIndex], "seed \(seed)")
        // The other way round, the rotten file is a source of chunks.
        let reverse = try await repair(copy, from: rotten)
        #expect(try Files.id(reverse.path) == Files.id(sound), "seed \(seed)")
        #expect(reverse.report.isIdentical && reverse.report.foreignIndex == nil, "seed \(seed)")
    }

    @Test("of a file that was cut short gives what is left, with the index of a copy, and proves nothing")
    func cut() async throws {
        var source = SeededBytes(seed: 641)
        let model = try RandomCaches(seed: 641, jobs: 1, pairs: 60).jobs[0]
        let sound = try await bench.pack(model, to: "sound").path
        let chunks = try bench.contents(sound).set.chunks
        let half = chunks[chunks.count / 2]
        let cut = try bench.copy(sound, to: "cut") { $0.removeLast($0.count - half.offset - 3) }
        let copy = try bench.damage(sound, frames: chunks.prefix(chunks.count / 2), to: "copy", &source)
        let (path, report) = try await repair(cut, from: copy)
        #expect(try Files.id(path) == Files.id(sound))
        #expect(!report.isComplete && report.leftOut.isEmpty && report.statedDigest == nil)
        #expect(report.unnamedChunks == 0)
    }

    @Test("of a pack that lost its index takes only members whose content is left from another index")
    func otherIndex() async throws {
        let packs = try await bench.packs(RandomCaches(seed: 651, pairs: 60, hasMixedForms: false))
        let union = try await bench.unite(packs[0], packs[1], to: "union").path
        let size = try Archive(opening: packs[1]).trailer.framesSize
        let cut = try bench.copy(packs[1], to: "cut") { $0.removeLast($0.count - size) }
        let (path, report) = try await repair(cut, from: packs[0], union)
        #expect(report.foreignIndex == union && !report.isComplete && report.unnamedChunks == 0)
        #expect(try await Verify().run(path).problems.isEmpty)
        let (found, lost) = (try bench.contents(path).set, try bench.contents(packs[1]).set)
        // Only what proves nothing is missing: an output without content.
        #expect(found.outputs.map(\.id) == lost.outputs.filter { $0.size > 0 }.map(\.id))
        #expect(found.trees.map(\.module) == lost.trees.map(\.module))
        #expect(found.checksumFiles.isEmpty && !lost.checksumFiles.isEmpty)
        #expect(report.totals.all.members < (try await bench.totals(union)).all.members)
    }

    @Test("goes on past other files that are of no use, and names each in a warning")
    func useless() async throws {
        var source = SeededBytes(seed: 671)
        let sound = try await HostileArchive(bench: bench).sound()
        let chunks = try bench.contents(sound).set.chunks
        let damaged = try bench.damage(sound, frames: chunks, to: "damaged", &source)
        let (text, pipe) = (bench.path("text"), bench.path("pipe"))
        try Files.write(Array("no archive\n".utf8), to: text)
        try Files.write([], to: bench.path("empty"))
        try Files.makeFIFO(pipe)
        let lost = try bench.copy(damaged, to: "lost") { $0.removeLast(100) }
        let liar = try HostileArchive(bench: bench).write(
            from: sound,
            sql: "UPDATE archive SET value = zeroblob(32) WHERE name = 'digest'",
            to: "liar"
        )
        let useless = [
            bench.path("missing"), text, bench.path("empty"), pipe, bench.root, lost, liar,
            text.appending("below"), bench.path(String(repeating: "x", count: 300)),
        ]
        let report = try await Repair().run(damaged, from: useless + [sound], to: bench.path("repaired"))
        #expect(try Files.id(bench.path("repaired")) == Files.id(sound))
        #expect(report.isIdentical && report.replaced.allSatisfy { $0.source == sound })
        #expect(report.warnings.allSatisfy { $0.code == .uselessArchive }, "\(report.warnings)")
        let named = useless.filter { path in
            report.warnings.contains { $0.message.hasPrefix("`\(path)` is of no use: ") }
        }
        #expect(named == useless && report.warnings.count == useless.count, "\(report.warnings)")
        let alone = try await Repair().run(damaged, from: [text], to: bench.path("rest"))
        #expect(!alone.isComplete && alone.warnings.first?.code == .uselessArchive)
    }

    @Test("refuses what it can't help, and leaves nothing")
    func refused() async throws {
        let sound = try await HostileArchive(bench: bench).sound()
        let size = try Archive(opening: sound).trailer.framesSize
        let cut = try bench.copy(sound, to: "cut") { $0.removeLast($0.count - size) }
        let text = bench.path("text")
        try Files.write(Array("no archive\n".utf8), to: text)
        let alone = await failure { try await repair(cut) }
        #expect(alone?.code == .notAnArchive && alone?.path == cut && alone?.remedy == .useOtherIndex)
        let useless = await failure { try await repair(cut, from: cut) }
        #expect(useless?.code == .notAnArchive)
        #expect(await failure { try await repair(text, from: sound) }?.path == text)
        let directory = await failure { try await repair(bench.root, from: sound) }
        #expect(directory?.code == .badArgument)
        let nowhere = await failure { try await repair(sound, to: "none/repaired") }
        #expect(nowhere?.code == .notFound && nowhere?.remedy == .makeDirectory)
        // Rot can't make this: the index has its SHA-256, and states another digest.
        let liar = try HostileArchive(bench: bench).write(
            from: sound,
            sql: "UPDATE archive SET value = zeroblob(32) WHERE name = 'digest'",
            to: "liar"
        )
        #expect(await failure { try await repair(liar, from: sound) }?.code == .corruptArchive)
        #expect(try !bench.names.contains { $0.contains("repaired") })
    }
}

extension Workbench {
    /// Packs the caches of random jobs into a directory.
    fileprivate func packs(_ caches: RandomCaches, to name: String, levels: [Int]) async throws -> [FilePath]
    {
        var result: [FilePath] = []
        for (index, model) in caches.jobs.enumerated() {
            let pack = try await pack(model, as: "job-\(index)", to: "\(name)-\(index)") {
                $0.level = levels[index % levels.count]
            }
            result.append(pack.path)
        }
        return result
    }
}
