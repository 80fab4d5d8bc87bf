import Foundation
import SystemPackage
import Testing

@testable import CacheStore

@Suite("Restoring GOMODCACHE")
struct ModuleCacheRestoreTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    static let module = CacheModel.Module(
        path: "example.com/Big/m",
        version: "v1.0.0",
        files: [
            ("go.mod", Array("module example.com/Big/m\n".utf8), false),
            ("a/b/c.go", Array("package b\n".utf8), false),
            ("a/empty", [], false), ("a/run.sh", Array("#!/bin/sh\n".utf8), true),
            ("z.go", Array("package m\n".utf8), false),
        ]
    )

    private static let tree = module.tree

    private func packed(_ parts: CacheModel.Parts = .all) async throws -> (CacheModel, FilePath) {
        var model = CacheModel()
        try model.addModule(Self.module, parts)
        return (model, try await bench.pack(model, to: "pack").path)
    }

    @Test("gives the modes that Go gives: trees read-only, programs executable")
    func modes() async throws {
        let (_, pack) = try await packed()
        try await bench.restore(pack, to: "out") {
            $0.moduleZips = .make
            $0.profile = .ci
        }
        let snapshot = try TreeSnapshot(of: bench.path("out"))
        for (path, entry) in snapshot.entries where path.hasPrefix(Self.tree) {
            let isProgram = entry.kind == .directory || path.hasSuffix("run.sh")
            #expect(entry.mode == (isProgram ? 0o555 : 0o444), "\(path)")
        }
        for (path, entry) in snapshot.entries where path.hasPrefix("mod/") && !path.hasPrefix(Self.tree) {
            #expect(entry.mode == (entry.kind == .directory ? 0o755 : 0o644), "\(path)")
        }
        #expect(
            snapshot.paths.filter { $0.hasPrefix(Self.module.download) }.map {
                String($0.split(separator: ".").last ?? "")
            } == [
                "info", "lock", "mod", "zip", "ziphash",
            ]
        )
    }

    @Test("restores a module whose path is one element")
    func oneElement() async throws {
        var model = CacheModel()
        var module = Self.module
        module.path = "go.opencensus.io"
        try model.addModule(module, .all)
        try await bench.restore(try await bench.pack(model, to: "pack").path, to: "out")
        #expect(
            try TreeSnapshot(of: bench.path("out")).paths.contains("mod/go.opencensus.io@v1.0.0/a/b/c.go")
        )
    }

    @Test("makes the version list from the .mod files that are there, also those of other archives")
    func versionList() async throws {
        var model = CacheModel()
        for version in ["v1.10.0", "v1.9.0", "v1.0.0-RC1", "v1.0.0-beta", "v2.0.0+incompatible"] {
            var module = Self.module
            module.version = version
            try model.addModule(module, [.mod])
        }
        let pack = try await bench.pack(model, to: "pack")
        var existing = CacheModel()
        var module = Self.module
        module.version = "v1.9.5"
        try existing.addModule(module, [.mod])
        existing.files["mod/cache/download/example.com/!big/m/@v/list"] = CacheModel.Entry(
            bytes: [0x78],
            mode: 0o644
        )
        _ = try bench.write(existing, to: "out")
        try await bench.restore(pack.path, to: "out")
        let list = try Files.bytes(bench.path("out/mod/cache/download/example.com/!big/m/@v/list"))
        // Go makes the same list: an escaped name is not a canonical version.
        #expect(
            String(decoding: list, as: UTF8.self)
                == "v1.0.0-beta\nv1.9.0\nv1.9.5\nv1.10.0\nv2.0.0+incompatible\n"
        )
    }

    /// One kind of damage to a module on disk, and the files that a restore must write anew.
    struct Damage: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var rewritten: Set<String> = []
        var removed = 0
        var apply: @Sendable (inout CacheModel) -> Void = { _ in }
    }

    private static let damages: [Damage] = [
        Damage(testDescription: "a changed file", rewritten: ["z.go"]) {
            $0.files["\(tree)/z.go"]?.bytes[3] ^= 1
        },
        Damage(testDescription: "a changed file below", rewritten: ["a/b/c.go"]) {
            $0.files["\(tree)/a/b/c.go"]?.bytes[0] ^= 1
        },
        Damage(testDescription: "a cut file", rewritten: ["go.mod"]) {
            $0.files["\(tree)/go.mod"]?.bytes.removeLast()
        },
        Damage(testDescription: "an emptied file", rewritten: ["z.go"]) {
            $0.files["\(tree)/z.go"]?.bytes = []
        },
        Damage(testDescription: "a filled file", rewritten: ["a/empty"]) {
            $0.files["\(tree)/a/empty"]?.bytes = [1]
        },
        Damage(testDescription: "a missing file", rewritten: ["a/run.sh"]) {
            $0.files["\(tree)/a/run.sh"] = nil
        },
        Damage(testDescription: "a missing directory", rewritten: ["a/b/c.go"]) {
            $0.files["\(tree)/a/b/c.go"] = nil
        },
        Damage(testDescription: "a lost executable bit", rewritten: ["a/run.sh"]) {
            $0.files["\(tree)/a/run.sh"]?.mode = 0o444
        },
        Damage(testDescription: "an executable bit that only others have", rewritten: ["a/run.sh"]) {
            $0.files["\(tree)/a/run.sh"]?.mode = 0o455
        },
        Damage(testDescription: "an executable bit too much", rewritten: ["z.go"]) {
            $0.files["\(tree)/z.go"]?.mode = 0o555
        },
        Damage(testDescription: "an extra file", removed: 1) {
            $0.files["\(tree)/a/extra.go"] = CacheModel.Entry(bytes: [1], mode: 0o444)
        },
        Damage(testDescription: "an extra directory", removed: 1) {
            $0.files["\(tree)/x/y/extra.go"] = CacheModel.Entry(bytes: [1], mode: 0o444)
        },
        Damage(testDescription: "a file for a directory", rewritten: ["a/b/c.go"], removed: 1) {
            $0.files["\(tree)/a/b/c.go"] = nil
            $0.files["\(tree)/a/b"] = CacheModel.Entry(bytes: [1], mode: 0o444)
        },
        Damage(testDescription: "a directory for a file", rewritten: ["z.go"], removed: 1) {
            $0.files["\(tree)/z.go"] = nil
            $0.files["\(tree)/z.go/x"] = CacheModel.Entry(bytes: [1], mode: 0o444)
        },
        Damage(testDescription: "a mark left by a kill") {
            $0.files["\(module.download).partial"] = CacheModel.Entry(bytes: [], mode: 0o644)
        },
        Damage(testDescription: "a mark and a tree cut short", rewritten: ["a/run.sh", "go.mod", "z.go"]) {
            $0.files["\(module.download).partial"] = CacheModel.Entry(bytes: [], mode: 0o644)
            for name in ["a/run.sh", "go.mod", "z.go"] { $0.files["\(tree)/\(name)"] = nil }
            $0.files["\(tree)/.castore-partial"] = CacheModel.Entry(bytes: [1], mode: 0o444)
        },
        Damage(testDescription: "a wrong .mod", rewritten: ["mod"]) {
            $0.files["\(module.download).mod"]?.bytes = [1]
        },
        Damage(testDescription: "an empty .ziphash", rewritten: ["ziphash"]) {
            $0.files["\(module.download).ziphash"]?.bytes = []
        },
        Damage(testDescription: "a torn zip", rewritten: ["zip"]) {
            $0.files["\(module.download).zip"]?.bytes.removeLast()
        },
    ]

    @Test("removes files and directories of a module whose names are not UTF-8, which Go would read")
    func invalidNames() async throws {
        let (_, pack) = try await packed()
        let caches = try await bench.restore(pack, to: "out").caches
        let before = try TreeSnapshot(of: bench.path("out")).paths
        let tree = try #require(caches.moduleCache).pushing(FilePath(Self.module.key))
        let script = #"""
            chmod -R u+w "$0" && cd "$0" && n=$(printf '\377x') && : >"$n.go" && : >"a/$n.go" &&
                mkdir -p "a/$n/b/$n" && : >"a/$n/b/$n/c" && chmod 0 "a/$n/b"
            """#
        _ = try shell(script, tree.string)
        let report = try await bench.restore(pack, to: "out").report
        #expect(report.removed == 3)
        #expect(try TreeSnapshot(of: bench.path("out")).paths == before)
        #expect(try shell(#"find "$0" | wc -l"#, tree.string).contains("\(Self.module.files.count + 3)"))
    }

    @Test("mends a damaged module file by file, and leaves its right files alone", arguments: damages)
    func mends(damage: Damage) async throws {
        let (model, pack) = try await packed()
        var existing = model
        damage.apply(&existing)
        _ = try bench.write(existing, to: "out")
        let before = try TreeSnapshot(of: bench.path("out"))

        let report = try await bench.restore(pack, to: "out") { $0.moduleZips = .make }.report
        let after = try TreeSnapshot(of: bench.path("out"))
        for (path, entry) in model.files where !path.hasSuffix(".lock") {
            let found = try #require(after.entries[path], "\(path) is missing")
            #expect(found.id == ContentHasher.hash(entry.bytes.span), "\(path)")
            if path.hasPrefix(Self.tree) { #expect(found.mode == entry.mode, "\(path)") }
            let isExpected = damage.rewritten.contains {
                path == "\(Self.tree)/\($0)" || path == "\(Self.module.download).\($0)"
            }
            // A new file may get the inode number of a removed one, so inode numbers are compared only for
            // files that a restore must leave alone.
            if !isExpected { #expect(before.entries[path]?.inode == found.inode, "\(path)") }
        }
        let extra = after.files.keys.filter {
            model.files[$0] == nil && !$0.hasPrefix("build/") && !$0.hasSuffix("/list")
        }
        #expect(extra.isEmpty)
        #expect(
            after.paths.allSatisfy {
                !$0.hasSuffix(".partial") && !$0.contains(".castore")
            }
        )
        // Leftovers of a killed process are not files of the module, so `damage.removed` does not count them.
        if !damage.testDescription.contains("cut short") { #expect(report.removed == damage.removed) }
        let again = try await bench.restore(pack, to: "out") { $0.moduleZips = .make }.report
        #expect(
            again.treeFiles
                == Restore.Report.Tally(created: 0, replaced: 0, untouched: Self.module.files.count)
        )
        #expect(again.bytesWritten == 0)
    }

    @Test("makes a tree that is partly there read-only again")
    func modesOfMended() async throws {
        let (model, pack) = try await packed()
        var existing = model
        existing.files["\(Self.tree)/z.go"] = nil
        _ = try bench.write(existing, to: "out")
        try await bench.restore(pack, to: "out")
        let snapshot = try TreeSnapshot(of: bench.path("out"))
        for path in ["", "/a", "/a/b"] {
            #expect(snapshot.entries[Self.tree + path]?.mode == 0o555, "\(path)")
        }
    }

    @Test("leaves other modules and unknown files alone")
    func foreign() async throws {
        let (_, pack) = try await packed()
        var existing = CacheModel()
        var other = Self.module
        other.version = "v1.0.1"
        try existing.addModule(other)
        existing.files["mod/note"] = CacheModel.Entry(bytes: [1], mode: 0o600)
        existing.files["mod/cache/download/note"] = CacheModel.Entry(bytes: [1], mode: 0o600)
        _ = try bench.write(existing, to: "out")
        let before = try TreeSnapshot(of: bench.path("out"))
        try await bench.restore(pack, to: "out")
        let after = try TreeSnapshot(of: bench.path("out"))
        for path in existing.files.keys {
            let (old, new) = (before.entries[path], after.entries[path])
            #expect(new?.id == old?.id && new?.inode == old?.inode, "\(path)")
            #expect(new?.modified == old?.modified, "\(path)")
            // Other users may lock and replace the files of other modules, too.
            #expect(new?.mode == (path.hasPrefix(other.download) ? 0o666 : old?.mode), "\(path)")
        }
    }

    /// A place in GOMODCACHE where a symbolic link may be planted.
    enum Trap: String, CaseIterable, CustomTestStringConvertible {
        case host, module, directory, file, cache, downloads, mod, lock, mark, zip, list, temporary
        var testDescription: String { rawValue }

        var path: String {
            switch self {
            case .host: "mod/example.com"
            case .module: ModuleCacheRestoreTests.tree
            case .directory: ModuleCacheRestoreTests.tree + "/a"
            case .file: ModuleCacheRestoreTests.tree + "/z.go"
            case .cache: "mod/cache"
            case .downloads: "mod/cache/download/example.com/!big/m/@v"
            case .mod: ModuleCacheRestoreTests.module.download + ".mod"
            case .lock: ModuleCacheRestoreTests.module.download + ".lock"
            case .mark: ModuleCacheRestoreTests.module.download + ".partial"
            case .zip: ModuleCacheRestoreTests.module.download + ".zip"
            case .list: "mod/cache/download/example.com/!big/m/@v/list"
            case .temporary: "mod/cache/download/example.com/!big/m/@v/.castore-v1.0.0.mod"
            }
        }

        var isDirectory: Bool { [.host, .module, .directory, .cache, .downloads].contains(self) }
    }

    @Test("writes nothing through symbolic links that were planted there", arguments: Trap.allCases)
    func plantedLinks(trap: Trap) async throws {
        let (model, pack) = try await packed()
        let outside = bench.path("outside")
        try Files.write([1, 2, 3], to: outside.appending("file"))
        try Files.write([1, 2, 3], to: outside.appending("directory").appending("z.go"))
        // A part of the module is already there beside the link.
        var existing = CacheModel()
        for (path, entry) in model.files where path.hasSuffix("go.mod") && !path.hasPrefix(trap.path) {
            existing.files[path] = entry
        }
        _ = try bench.write(existing, to: "out")
        try Files.link(
            bench.path("out/\(trap.path)"),
            to: outside.appending(trap.isDirectory ? "directory" : "file")
        )
        let before = try TreeSnapshot(of: outside)
        do {
            try await bench.restore(pack, to: "out") { $0.moduleZips = .make }
            let report = try await bench.pack(bench.caches("out"), to: "again").report
            #expect(report.leftOut.allSatisfy { !$0.reason.isDamage })
            #expect(report.totals.byKind[.tree]?.files == Self.module.files.count)
        } catch let error as CacheStoreError {
            #expect(error.code == .symbolicLink, "\(error)")
        }
        #expect(try TreeSnapshot(of: outside) == before)
    }

    @Test("follows a link at the root of the cache, which is the user's own choice")
    func linkedRoot() async throws {
        let (_, pack) = try await packed()
        try Files.makeDirectory(bench.path("elsewhere"))
        try Files.link(bench.path("out/mod"), to: bench.path("elsewhere"))
        try await bench.restore(pack, to: "out")
        #expect(Files.exists(bench.path("elsewhere/\(Self.module.key)/go.mod")))
    }

    @Test("leaves a right tree alone that the user has moved, with a link in its place")
    func movedTree() async throws {
        let (_, pack) = try await packed()
        try await bench.restore(pack, to: "out")
        let host = bench.path("out/mod/example.com")
        try FileManager.default.moveItem(atPath: host.string, toPath: bench.path("moved").string)
        try Files.link(host, to: bench.path("moved"))
        let before = try TreeSnapshot(of: bench.path("moved"))
        let report = try await bench.restore(pack, to: "out").report
        #expect(report.treeFiles.untouched == Self.module.files.count)
        #expect(report.treeFiles.created + report.treeFiles.replaced == 0)
        #expect(try TreeSnapshot(of: bench.path("moved")) == before)
    }

    @Test("waits for nobody but other restores: two at once give one right result")
    func atOnce() async throws {
        let model = try RandomCaches(seed: 301, pairs: 60).jobs[0]
        let pack = try await bench.pack(model, to: "pack")
        let bench = bench
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<3 {
                group.addTask { try await bench.restore(pack.path, to: "out") { $0.moduleZips = .make } }
            }
            try await group.waitForAll()
        }
        #expect(try await bench.pack(bench.caches("out"), to: "again").report.digest == pack.report.digest)
    }
}
