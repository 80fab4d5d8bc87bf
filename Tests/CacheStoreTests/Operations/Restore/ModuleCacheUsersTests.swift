import Foundation
import Glibc
import SystemPackage
import Testing

@testable import CacheStore

@Suite("Other users of a restored GOMODCACHE")
struct ModuleCacheUsersTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    private static let module = ModuleCacheRestoreTests.module

    private func packed() async throws -> FilePath {
        var model = CacheModel()
        try model.addModule(Self.module)
        model.addChecksumFile("sum.golang.org/lookup/example.com/m@v1.0.0", [0x31])
        return try await bench.pack(model, to: "pack").path
    }

    /// Returns the modes below GOMODCACHE outside of trees, directories and files apart.
    private func modes(_ name: String) throws -> (directories: Set<mode_t>, files: Set<mode_t>) {
        let entries = try TreeSnapshot(of: bench.path(name)).entries.filter {
            ($0.key + "/").hasPrefix("mod/") && !$0.key.contains("@v1")
                || $0.key.hasPrefix("mod/cache/download/sumdb")
        }
        let directories = entries.values.filter { $0.kind == .directory }
        let files = entries.values.filter { $0.kind == .regular }
        return (Set(directories.map(\.mode)), Set(files.map(\.mode)))
    }

    @Test("who have put a directory or a link in the place of a lock end the restore, as its preview tells")
    func obstacle() async throws {
        let archive = try await packed()
        try await bench.restore(archive, to: "out")
        let lock = bench.path("out/\(Self.module.download).lock")
        let restore = Restore(options: Restore.Options())
        for (kind, command) in [("directory", "mkdir \"$0\""), ("link", "ln -s x \"$0\"")] {
            try shell("rm -rf \"$0\" && \(command)", lock.string)
            let preview = await failure {
                try await restore.preview(Archive(opening: archive), into: bench.caches("out"))
            }
            let error = await failure { try await bench.restore(archive, to: "out") }
            #expect(error?.path == lock, "\(kind)")
            #expect(preview?.description == error?.description, "\(kind)")
        }
        // A file is locked, whatever it holds.
        try shell("rm \"$0\" && echo x > \"$0\"", lock.string)
        _ = try await restore.preview(Archive(opening: archive), into: bench.caches("out"))
        try await bench.restore(archive, to: "out")
    }

    @Test("can add and lock everything there, with the profile for images", arguments: CacheProfile.allCases)
    func profiles(profile: CacheProfile) async throws {
        try await bench.restore(packed(), to: "out") {
            $0.profile = profile
            $0.moduleZips = .make
        }
        let found = try modes("out")
        #expect(found.directories == [profile == .image ? 0o777 : 0o755])
        #expect(found.files == [profile == .image ? 0o666 : 0o644])
        let lock = try TreeSnapshot(of: bench.path("out")).entries["\(Self.module.download).lock"]
        #expect(lock?.mode == (profile == .image ? 0o666 : 0o644))
        #expect(try TreeSnapshot(of: bench.path("out")).entries[Self.module.tree]?.mode == 0o555)
    }

    @Test("can add there what an earlier step of the image has closed, but read no stray file")
    func existing() async throws {
        let pack = try await packed()
        var existing = CacheModel()
        var other = Self.module
        (other.path, other.version) = ("example.org/other", "v1.2.3")
        try existing.addModule(other)
        existing.files["mod/cache/lock"] = CacheModel.Entry(bytes: [], mode: 0o600)
        existing.files["mod/cache/download/example.org/secret"] = CacheModel.Entry(bytes: [1], mode: 0o600)
        existing.files["mod/cache/vcs/0123.lock"] = CacheModel.Entry(bytes: [], mode: 0o644)
        existing.files["mod/cache/vcs/0123/HEAD"] = CacheModel.Entry(bytes: [1], mode: 0o644)
        _ = try bench.write(existing, to: "out")
        for path in ["out/mod/example.org", "out/mod/cache/download/example.org"] {
            try Directory(opening: bench.path(path)).setMode(0o1755)
        }
        try await bench.restore(pack, to: "out") { $0.profile = .ci }
        #expect(try modes("out").directories.contains(0o1755), "the profile ci changes nothing that is there")
        try await bench.restore(pack, to: "out")
        let entries = try TreeSnapshot(of: bench.path("out")).entries
        for path in ["mod", "mod/example.org", "mod/cache/download/example.org/other/@v", "mod/cache/vcs"] {
            #expect(entries[path]?.mode == 0o777, "\(path)")
        }
        for path in ["mod/cache/lock", "mod/cache/vcs/0123.lock", "\(other.download).lock"] {
            #expect(entries[path]?.mode == 0o666, "\(path)")
        }
        #expect(entries["mod/cache/download/example.org/secret"]?.mode == 0o600)
        #expect(entries["mod/cache/vcs/0123/HEAD"]?.mode == 0o644)
        #expect(entries["mod/example.org/other@v1.2.3"]?.mode != 0o777)
    }

    @Test("can add modules after a seal, which says what it found")
    func seal() async throws {
        try await bench.restore(packed(), to: "out") { $0.profile = .ci }
        var options = Seal.Options()
        options.moduleCache = bench.path("out/mod")
        options.isDryRun = true
        func kinds() async throws -> Set<Seal.Report.Fault.Kind> {
            Set(try await Seal(options: options).run(bench.path("out/build")).faults.map(\.kind))
        }
        #expect(try await kinds().isSuperset(of: [.moduleDirectoryMode, .moduleFileMode]))
        #expect(try modes("out").directories == [0o755])
        options.isDryRun = false
        _ = try await kinds()
        #expect(try modes("out").directories == [0o777])
        #expect(try modes("out").files == [0o666])
        #expect(try await kinds().isEmpty)
        options.profile = .readonly
        options.isDryRun = true
        #expect(try await kinds().isSuperset(of: [.moduleDirectoryMode, .moduleFileMode]))
        options.isDryRun = false
        _ = try await kinds()
        #expect(try modes("out").directories == [0o755])
        #expect(try modes("out").files == [0o644])
        #expect(try await kinds().isEmpty)
    }

    @Test("can write there no longer after a restore for readers over one for an image")
    func closing() async throws {
        let pack = try await packed()
        try await bench.restore(pack, to: "out") { $0.profile = .image }
        #expect(try modes("out").directories == [0o777])
        try await bench.restore(pack, to: "out") { $0.profile = .readonly }
        #expect(try modes("out").directories == [0o755])
        #expect(try modes("out").files == [0o644])
    }

    @Test(
        "can read modules that an earlier step unpacked under a umask of its own",
        arguments: [CacheProfile.image, .readonly]
    )
    func closedTrees(profile: CacheProfile) async throws {
        var model = CacheModel()
        let program = ("bin/tool", Array("#!/bin/sh".utf8), true)
        let files = Self.module.files + [program]
        let module = CacheModel.Module(path: Self.module.path, version: Self.module.version, files: files)
        try model.addModule(module)
        let pack = try await bench.pack(model, to: "pack").path
        for way in ["restore", "seal"] {
            // Go takes write permission from trees, and the umask 077 all rights of others.
            var closed = model
            for (path, entry) in model.files where path.hasPrefix(module.tree) {
                closed.files[path]?.mode = entry.mode & 0o700
            }
            _ = try bench.write(closed, to: way)
            for path in ["bin", ""] {
                try Directory(opening: bench.path("\(way)/\(module.tree)/\(path)")).setMode(0o500)
            }
            if way == "restore" {
                let report = try await bench.restore(pack, to: way) { $0.profile = profile }.report
                #expect(report.treeFiles.untouched == files.count)
            } else {
                var options = Seal.Options()
                (options.profile, options.moduleCache) = (profile, bench.path("\(way)/mod"))
                try FileManager.default.createDirectory(
                    atPath: bench.path("\(way)/build").string,
                    withIntermediateDirectories: true
                )
                let faults = try await Seal(options: options).run(bench.path("\(way)/build")).faults
                let count = files.count + 2
                #expect(faults.first { $0.kind == .mode }?.count == count)
            }
            let entries = try TreeSnapshot(of: bench.path(way)).entries
            for (path, entry) in entries where path.hasPrefix(module.tree) {
                let isProgram = model.files[path].map { $0.mode & 0o111 != 0 } ?? true
                let bits: mode_t = isProgram ? 0o555 : 0o444
                #expect(entry.mode & 0o577 == bits, "\(way): \(path)")
            }
        }
    }

    @Test("find directories of trees writable for their owner where Go would leave them so")
    func writableTrees() async throws {
        try await bench.restore(packed(), to: "out") { $0.leavesTreesWritable = true }
        let entries = try TreeSnapshot(of: bench.path("out")).entries
        for path in ["", "/a", "/a/b"] { #expect(entries[Self.module.tree + path]?.mode == 0o755, "\(path)") }
        #expect(entries["\(Self.module.tree)/z.go"]?.mode == 0o444)
    }
}
