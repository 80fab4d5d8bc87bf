import SystemPackage
import Testing

@testable import CacheStore

/// Restores that remove what they do not hold, and previews, tested with random caches.
@Suite("A restore that removes the rest, and its preview")
struct ExcessTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    /// The state of the caches before a restore.
    enum State: CaseIterable, Sendable {
        case absent, other, mixed, damaged, restored
    }

    /// Makes caches in a state, and returns the archive to restore.
    private func prepare(_ state: State, seed: UInt64) async throws -> FilePath {
        let models = try RandomCaches(seed: seed, jobs: 2, pairs: 60).withPackages()
        let packs = try await bench.packs(models)
        switch state {
        case .absent: break
        case .other: try await bench.restore(packs[1], to: "target") { $0.moduleZips = .make }
        case .mixed, .damaged, .restored:
            if state == .mixed { try await bench.restore(packs[1], to: "target") }
            try await bench.restore(packs[0], to: "target") { $0.moduleZips = .make }
        }
        if state == .damaged { try damage(seed: seed) }
        return packs[0]
    }

    /// Changes, cuts, removes and adds files of both caches.
    private func damage(seed: UInt64) throws {
        var source = SeededBytes(seed: seed)
        let root = bench.path("target")
        for (path, entry) in try TreeSnapshot(of: root).files.sorted(by: { $0.key < $1.key })
        where entry.kind == .regular && source.isOnce(in: 6) {
            let parent = try Directory(
                opening: root.appending(FilePath(path).components).removingLastComponent()
            )
            let name = path.lastElement
            try parent.setMode(0o755)
            switch Int.random(in: 0..<4, using: &source) {
            case 0: try parent.remove(name)
            case 1:
                let bytes = [UInt8](repeating: 7, count: entry.size)
                _ = try FilePlacement(mode: entry.mode & 0o777).put(bytes, as: name, in: parent)
            case 2: _ = try FilePlacement(mode: 0o644).put(Array("cut".utf8), as: name, in: parent)
            default:
                // A stranger in a module tree, or beside an entry.
                _ = try FilePlacement(mode: 0o644).put([1], as: "stranger-\(name)", in: parent)
            }
        }
    }

    @Test(
        "has the digest of the archive when it is packed again, whatever was there",
        arguments: State.allCases
    )
    func mirror(_ state: State) async throws {
        let archive = try await prepare(state, seed: 321)
        let restored = try await bench.restore(archive, to: "target") {
            ($0.removesExcess, $0.moduleZips) = (true, .make)
        }
        let again = try await bench.pack(restored.caches, as: "job-0", to: "again")
        // A tree that Go unpacks from a zip that the archive stores stays.
        let set = try Archive(opening: archive).members().set
        let stored = set.downloads.filter { $0.kind == .zip && $0.content != .derived }.map(\.module.text)
        let difference = try Set(bench.members(again.path)).symmetricDifference(bench.members(archive))
        #expect(difference.allSatisfy { line in stored.contains { line.hasPrefix("tree \($0) ") } })
        #expect(difference.isEmpty == (again.report.digest == restored.report.archiveDigest))
        #expect(difference.count <= 1)
        #expect(restored.report.excess.isEmpty == [.absent, .restored].contains(state))
        let (_, second) = try await bench.restore(archive, to: "target") {
            ($0.removesExcess, $0.moduleZips) = (true, .make)
        }
        #expect(second.excess.isEmpty)
        #expect(second.bytesWritten == 0)
    }

    @Test("leaves what is not of Go, locks, clones and Go's own files")
    func others() async throws {
        let archive = try await prepare(.other, seed: 322)
        let caches = bench.caches("target")
        let kept = [
            "build/README", "build/fuzz/example.com/FuzzX/seed", "build/ab/note.txt", "build/note",
            "mod/cache/lock", "mod/cache/vcs/0123/HEAD", "mod/cache/download/note", "mod/note",
            "mod/example.com/note.txt", "mod/cache/download/example.com/z/@v/v1.0.0.lock",
        ]
        for path in kept {
            let path = bench.path("target/\(path)")
            let parent = try Directory.creating(path.removingLastComponent())
            _ = try FilePlacement(mode: 0o644).put([1], as: path.lastComponent?.string ?? "", in: parent)
        }
        try await bench.restore(archive, to: "target") { $0.removesExcess = true }
        let found = try TreeSnapshot(of: bench.path("target")).files
        for path in kept { #expect(found[path] != nil, "\(path) is gone") }
        #expect(caches.moduleCache != nil)
    }

    @Test("removes what patterns and labels leave out, and what go.sum does not name, but no lookups then")
    func selections() async throws {
        let packs = try await bench.packs(RandomCaches(seed: 323, jobs: 2, pairs: 60).withPackages())
        let union = try await bench.unite(packs[0], packs[1], to: "union").path
        try await bench.restore(union, to: "target") { $0.moduleZips = .make }
        let (caches, report) = try await bench.restore(union, to: "target") {
            $0.only = ["job-0"]
            $0.excluded = [Glob("example.com/*")].compactMap(\.self)
            ($0.removesExcess, $0.moduleZips) = (true, .make)
        }
        #expect(try await bench.pack(caches, to: "again").report.digest == report.digest)
        #expect(report.excess.trees > 0 && report.excess.actions > 0)
        let sum = "example.com/none v1.0.0 h1:\(String(repeating: "A", count: 43))=\n"
        try Files.write(Array(sum.utf8), to: bench.path("go.sum"))
        let none = try await NamedModules(reading: [bench.path("go.sum")])
        let lookups = try bench.contents(union).set.checksumFiles.count
        try await bench.restore(union, to: "named") { $0.moduleZips = .make }
        let named = try await bench.restore(union, to: "named", ofModulesAlone: true) {
            ($0.modules, $0.removesExcess) = (none, true)
        }
        #expect(named.report.excess.trees > 0)
        let rest = try await bench.pack(named.caches, to: "rest")
        let set = try bench.contents(rest.path).set
        #expect(set.trees.isEmpty && set.downloads.isEmpty)
        #expect(set.checksumFiles.count == lookups)
    }

    @Test("keeps what go.sum files name, even if the archive lacks it")
    func needed() async throws {
        let packs = try await bench.packs(RandomCaches(seed: 325, jobs: 2, pairs: 60).withPackages())
        let (caches, _) = try await bench.restore(packs[1], to: "target") { $0.moduleZips = .make }
        let set = try Archive(opening: packs[1]).members().set
        let tree = try #require(
            set.trees.first { tree in
                set.downloads.contains { $0.module == tree.module && $0.kind == .ziphash }
            }
        )
        let sum = "\(tree.module.path) \(tree.module.version) \(ModuleHash.text(of: tree.h1))\n"
        try Files.write(Array(sum.utf8), to: bench.path("go.sum"))
        let named = try await NamedModules(reading: [bench.path("go.sum")])
        let only = GoCaches(buildCache: nil, moduleCache: caches.moduleCache)
        var options = Restore.Options()
        (options.modules, options.removesExcess) = (named, true)
        let empty = try await bench.pack(CacheModel(), to: "empty").path
        let preview = try await Restore(options: options).preview(empty, into: only)
        let report = try await Restore(options: options).run(empty, into: only)
        #expect(preview.excess == report.excess && report.excess.trees == set.trees.count - 1)
        #expect(preview.absentModules == report.absentModules)
        #expect(report.absentModules?.isEmpty == true)
    }

    @Test("empties no cache of which nothing is restored, nor for a pattern that matches nothing")
    func guards() async throws {
        let archive = try await prepare(.other, seed: 326)
        let caches = bench.caches("target")
        let before = try TreeSnapshot(of: bench.path("target"))
        let models = try RandomCaches(seed: 326, pairs: 20).jobs
        let build = try await bench.packBuildCache(models[0], as: "build", to: "build") { _ in }
        let empty = try await bench.pack(CacheModel(), to: "empty").path
        var options = Restore.Options()
        options.removesExcess = true
        for archive in [empty, build.path] {
            for isPreview in [false, true] {
                let error = await failure {
                    let restore = Restore(options: options)
                    if isPreview { return try await restore.preview(archive, into: caches) }
                    return try await restore.run(archive, into: caches)
                }
                #expect(error?.code == .badArgument)
            }
        }
        options.included = ["example.com/*", "exmaple.com/*"].compactMap { Glob($0) }
        let error = await failure { try await Restore(options: options).run(archive, into: caches) }
        #expect(error?.code == .badArgument && error?.message.contains("`exmaple.com/*`") == true)
        #expect(try TreeSnapshot(of: bench.path("target")) == before)
    }

    @Test(
        "reports what the restore then reports, and changes nothing",
        arguments: State.allCases,
        [CacheProfile.image, .ci]
    )
    func preview(_ state: State, _ profile: CacheProfile) async throws {
        let archive = try await prepare(state, seed: 324)
        func configure(_ options: inout Restore.Options) {
            (options.removesExcess, options.moduleZips, options.profile) = (true, .make, profile)
        }
        var options = Restore.Options()
        configure(&options)
        let root = bench.path("target")
        let before = state == .absent ? nil : try TreeSnapshot(of: root)
        var preview = try await Restore(options: options).preview(archive, into: bench.caches("target"))
        if let before {
            #expect(try TreeSnapshot(of: root) == before)
        } else {
            #expect(try Place(at: root) == .nothing)
        }
        var report = try await bench.restore(archive, to: "target", configure: configure).report
        if state == .damaged {
            // The preview does not tell which trees and zips Go would trust wrongly.
            #expect(preview.removed <= report.removed)
            report.removed = preview.removed
        }
        // The names of packages are only looked for in a preview.
        #expect(preview.excess.packages.isEmpty != [.other, .mixed].contains(state))
        preview.excess.packages = []
        #expect(preview == report)
    }
}
