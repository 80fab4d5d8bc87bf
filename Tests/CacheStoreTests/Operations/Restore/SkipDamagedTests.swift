import SystemPackage
import Testing

@testable import CacheStore

/// Restores of archives whose frames are damaged.
@Suite("A restore that leaves out what is damaged")
struct SkipDamagedTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    private func skipping(_ archive: FilePath, to name: String) async throws -> (
        caches: GoCaches, report: Restore.Report
    ) {
        try await bench.restore(archive, to: name) {
            $0.skipsDamaged = true
            $0.moduleZips = .make
            $0.profile = .ci
        }
    }

    @Test(
        "writes exactly the members that a verification does not list, and no entry without its output",
        arguments: 501...503 as ClosedRange<UInt64>
    )
    func exact(seed: UInt64) async throws {
        var source = SeededBytes(seed: seed)
        let model = try RandomCaches(seed: seed, jobs: 1, pairs: seed == 501 ? 300 : 90).jobs[0]
        let sound = try await bench.pack(model, to: "sound").path
        let chosen = try bench.chunks(of: sound, oneIn: seed % 2 == 0 ? 4 : 20, &source)
        let damaged = try bench.damage(sound, frames: chosen, to: "damaged", &source)
        let listed = try await bench.damagedMembers(of: damaged)
        let (caches, report) = try await skipping(damaged, to: "rest")
        #expect(Set(report.leftOut.map(\.label)) == listed, "seed \(seed)")
        #expect(!listed.isEmpty, "seed \(seed)")
        #expect(report.warnings.filter { $0.code == .damagedMember }.count == listed.count, "seed \(seed)")

        // All that is there is as in a restore of the sound archive.
        let (whole, _) = try await skipping(sound, to: "whole")
        for (rest, whole) in [(caches.buildCache, whole.buildCache), (caches.moduleCache, whole.moduleCache)]
        {
            let found = try TreeSnapshot(of: #require(rest)).contents
            let expected = try TreeSnapshot(of: #require(whole)).contents
            // These two hold the time of the restore.
            for (path, id) in found where path != RestoreStamp.name && path != "trim.txt" {
                #expect(expected[path] == id, "seed \(seed): \(path)")
            }
            #expect(!found.keys.contains { $0.contains(".castore-partial") || $0.hasSuffix(".partial") })
        }
        try expectNothingLost(of: sound, but: listed, in: caches, seed)

        // The digest is that of the members that are there.
        let again = try await bench.pack(caches, to: "again").report
        #expect(again.digest == report.digest, "seed \(seed)")
        #expect(report.digest != report.archiveDigest, "seed \(seed)")
    }

    /// Checks that each member is there unless it is damaged, or needs what is damaged.
    private func expectNothingLost(
        of archive: FilePath,
        but listed: Set<String>,
        in caches: GoCaches,
        _ seed: UInt64
    ) throws {
        let (build, modules) = (try #require(caches.buildCache), try #require(caches.moduleCache))
        let set = try bench.contents(archive).set
        for action in set.actions {
            let isThere = Files.exists(build.appending("\(action.id.description.prefix(2))/\(action.id)-a"))
            let output = action.output.description
            let hasOutput = Files.exists(build.appending("\(output.prefix(2))/\(output)-d"))
            #expect(hasOutput != listed.contains("output \(output)"), "seed \(seed)")
            #expect(isThere == hasOutput, "seed \(seed): \(action.id)")
        }
        for tree in set.trees {
            let isThere = Files.exists(modules.appending(FilePath(tree.module.text).components))
            #expect(isThere != listed.contains("tree \(tree.module.text)"), "seed \(seed)")
        }
        for download in set.downloads {
            let path =
                "\(download.module.downloadDirectory)/\(download.module.version).\(download.kind.rawValue)"
            let isLost =
                download.kind == .zip
                && !listed.isDisjoint(with: ["tree \(download.module.text)", "zip \(download.module.text)"])
            #expect(Files.exists(modules.appending(FilePath(path).components)) != isLost, "\(seed): \(path)")
        }
    }

    @Test("leaves nothing of a long output or tree whose last piece is damaged")
    func long() async throws {
        var source = SeededBytes(seed: 7)
        var model = CacheModel()
        let output = model.addPair("long", source.halfRandomBytes(9 << 20)).1
        model.addPair("program", source.halfRandomBytes(9 << 20), executable: "tool")
        let files = (0..<9).map { ("f\($0).go", source.halfRandomBytes(1 << 20), false) }
        try model.addModule(CacheModel.Module(path: "example.com/long", version: "v1.0.0", files: files))
        let sound = try await bench.pack(model, to: "sound").path
        let set = try bench.contents(sound).set
        #expect(set.outputs.allSatisfy { $0.chunks.count > 1 } && set.trees[0].chunks.count > 1)
        let last = (set.outputs.map(\.chunks) + set.trees.map(\.chunks)).compactMap { $0.numbers.last }
        let damaged = try bench.damage(sound, frames: last.map { set.chunks[$0] }, to: "damaged", &source)
        let (caches, report) = try await skipping(damaged, to: "rest")
        #expect(report.leftOut.count == 3)
        #expect(report.leftOut.first { $0.name == output.description }?.entries == 1)
        #expect(report.outputs.created == 0 && report.actions.created == 0 && report.treeFiles.created == 0)
        let build = try TreeSnapshot(of: #require(caches.buildCache))
        #expect(
            !build.paths.contains { $0.hasSuffix("-a") || $0.hasSuffix("-d") || $0.contains(".castore-0") }
        )
        let modules = try TreeSnapshot(of: #require(caches.moduleCache))
        #expect(!modules.paths.contains { $0.hasPrefix("example.com") && $0.contains("@") })
        #expect(!modules.paths.contains { $0.hasSuffix(".partial") || $0.hasSuffix(".zip") })
        #expect(modules.paths.contains { $0.hasSuffix("v1.0.0.ziphash") })
    }

    @Test("ends with an error if the index is damaged, and without the option at any damage")
    func refused() async throws {
        var source = SeededBytes(seed: 8)
        let sound = try await HostileArchive(bench: bench).sound()
        let offset = try Archive(opening: sound).trailer.indexOffset
        let rotten = try bench.copy(sound, to: "rotten") { $0[offset + 5000] ^= 4 }
        let index = await failure { try await skipping(rotten, to: "never") }
        #expect(index?.code == .corruptArchive && index?.remedy == .recoverIndex)
        let chunk = try bench.contents(sound).set.chunks[0]
        let damaged = try bench.damage(sound, frames: [chunk], to: "damaged", &source)
        let error = await failure { try await bench.restore(damaged, to: "never") }
        #expect(error?.code == .corruptArchive && error?.remedy == .recoverContent && error?.member != nil)
    }

    /// Packs a module as tree and another as zip, and damages both.
    private func modules() async throws -> (sound: FilePath, damaged: FilePath) {
        var source = SeededBytes(seed: 9)
        let sound = try await HostileArchive(bench: bench).sound()
        let set = try bench.contents(sound).set
        var numbers = set.trees.flatMap { $0.chunks.numbers }
        for case .stored(_, _, let chunks) in set.downloads.map(\.content) { numbers += chunks.numbers }
        return (
            sound, try bench.damage(sound, frames: numbers.map { set.chunks[$0] }, to: "damaged", &source)
        )
    }

    @Test("does not list a member whose files are there and right")
    func there() async throws {
        let (sound, damaged) = try await modules()
        try await bench.restore(sound, to: "rest") { $0.profile = .ci }
        let report = try await bench.restore(damaged, to: "rest") { $0.skipsDamaged = true }.report
        #expect(report.leftOut.isEmpty && report.digest == report.archiveDigest)
    }

    @Test("removes a wrong output that is there, which Go would believe", arguments: [false, true])
    func wrongOutput(isExecutable: Bool) async throws {
        var source = SeededBytes(seed: 11)
        let sound = try await HostileArchive(bench: bench).sound()
        let set = try bench.contents(sound).set
        let output = try #require(set.outputs.first { ($0.executable != nil) == isExecutable })
        let frames = output.chunks.numbers.map { set.chunks[$0] }
        let damaged = try bench.damage(sound, frames: frames, to: "damaged", &source)
        try await bench.restore(sound, to: "rest") { $0.profile = .ci }
        let root = try #require(bench.caches("rest").buildCache)
        let place = root.appending(BuildCacheLayout.name(ofOutput: output.id))
        let file = output.executable.map { place.appending($0) } ?? place
        try Files.write([UInt8](repeating: 0, count: output.size), to: file)
        let (_, report) = try await skipping(damaged, to: "rest")
        #expect(report.leftOut.map(\.label) == ["output \(output.id)"])
        #expect(!Files.exists(place) && report.removed == 1)
    }

    @Test("gives a wrong tree that is there no hash to be trusted by, and removes a wrong zip")
    func wrong() async throws {
        let (sound, damaged) = try await modules()
        let module = try #require(try bench.contents(sound).set.trees.first?.module)
        for isManifest in [false, true] {
            let name = "rest \(isManifest)"
            let caches = bench.caches(name)
            let root = try #require(caches.moduleCache)
            try Files.write([1, 2], to: root.appending("example.com/m@v1.0.0/m.go"))
            let zip = root.appending("cache/download/example.com/zipped/@v/v1.0.0.zip")
            try Files.write([1, 2], to: zip)
            var archive = damaged
            if isManifest {
                var source = SeededBytes(seed: 10)
                let set = try bench.contents(sound).set
                let manifest = try #require(set.trees[0].manifest.first)
                archive = try bench.damage(damaged, frames: [set.chunks[manifest]], to: "manifest", &source)
            }
            let (_, report) = try await skipping(archive, to: name)
            #expect(
                Set(report.leftOut.map(\.label)) == ["tree \(module.text)", "zip example.com/zipped@v1.0.0"]
            )
            // Go makes a tree again that has this marker, whatever else is there.
            let download = root.appending("cache/download/example.com/m/@v")
            #expect(Files.exists(download.appending("v1.0.0.partial")))
            #expect(Files.exists(download.appending("v1.0.0.ziphash")))
            #expect(!Files.exists(download.appending("v1.0.0.zip")))
            #expect(!Files.exists(zip))
        }
    }
}
