import SystemPackage
import Testing

@testable import CacheStore

/// Tests of restores of archives that are made to be in the way of a restore.
@Suite("A restore", .timeLimit(.minutes(10)))
struct HostileRestoreTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    @Test("writes names of up to 255 bytes: of executables, versions and checksum files")
    func longNames() async throws {
        for length in [246, 247, 250, 255] {
            var model = CacheModel()
            let program = String(repeating: "p", count: length)
            model.addPair("program", Array("#!/bin/sh".utf8), executable: program)
            let tile = String(repeating: "t", count: length)
            model.addChecksumFile("sum.golang.org/tile/\(tile)", [1])
            let version = "v1.0.0-" + String(repeating: "r", count: min(length, 247) - 7)
            let files = [("go.mod", Array("module example.com/m\n".utf8), false)]
            try model.addModule(
                CacheModel.Module(path: "a.b/m", version: String(version.prefix(247)), files: files),
                [.zip, .mod, .hash]
            )
            let archive = try await bench.pack(model, to: "packed \(length)").path
            let members = try bench.members(archive)
            #expect(members.contains { $0.contains(program) } && members.contains { $0.contains(tile) })
            #expect(members.contains { $0.contains(version) })
            let target = "target \(length)"
            try await bench.restore(archive, to: target)
            let again = try await bench.restore(archive, to: target).report
            #expect(again.bytesWritten == 0)
            let paths = try TreeSnapshot(of: bench.path(target)).paths
            #expect(paths.allSatisfy { !$0.contains(".castore-") })
            #expect(paths.contains { $0.hasSuffix("/\(program)") })
            #expect(paths.contains { $0.hasSuffix("/\(version).ziphash") })
        }
    }

    @Test("mends a tree that holds a file with the name of a temporary file, and the file stays")
    func ownName() async throws {
        let names = [".castore-partial", ".castore-partial-", ".castore-go.mod", "z.go"]
        var model = CacheModel()
        let files =
            names.map { ($0, Array("content of \($0)\n".utf8), false) } + [
                ("go.mod", Array("module a.b/m\n".utf8), false)
            ]
        try model.addModule(CacheModel.Module(path: "a.b/m", version: "v1.0.0", files: files))
        let archive = try await bench.pack(model, to: "packed").path
        let caches = try await bench.restore(archive, to: "target").caches
        let tree = try #require(caches.moduleCache).appending("a.b").appending("m@v1.0.0")
        let whole = try TreeSnapshot(of: tree)
        // The marker of a restore that was killed, a damaged file, and another that is gone.
        let marker = try #require(caches.moduleCache).appending("cache/download/a.b/m/@v/v1.0.0.partial")
        for damaged in names {
            try Files.write([], to: marker)
            let directory = try Directory(opening: tree)
            try directory.setMode(0o755)
            try directory.remove(damaged)
            try Files.write([1, 2, 3], to: tree.appending("go.mod"))
            try await bench.restore(archive, to: "target")
            #expect(try TreeSnapshot(of: tree).paths == whole.paths)
            #expect(try Files.bytes(tree.appending(damaged)) == Array("content of \(damaged)\n".utf8))
            #expect(!Files.exists(marker))
        }
    }

    @Test("and layers refuse a stored zip that is not that of its .ziphash, and info a wrong digest")
    func wrongZip() async throws {
        let hostile = HostileArchive(bench: bench)
        let sound = try await hostile.sound()
        let other = CacheModel.id("another hash")
        let text = ModuleHash.text(of: other).utf8.map { String($0, radix: 16) }.joined()
        let archive = try hostile.writeDigested(
            from: sound,
            sql: "UPDATE download SET value = x'\(text)' WHERE kind = 'ziphash' AND module LIKE '%zipped%'",
            to: "wrong zip"
        )
        _ = try await Archive(opening: archive).summary()
        let restored = await failure { try await bench.restore(archive, to: "target") }
        #expect(restored?.code == .corruptArchive && restored?.member == "zip example.com/zipped@v1.0.0")
        #expect(!Files.exists(bench.path("target/mod/cache/download/example.com/zipped/@v/v1.0.0.zip")))
        let image = await failure { try await bench.image(archive, to: "image") }
        #expect(image?.code == .corruptArchive)
        let wrong = try hostile.write(
            from: sound,
            sql: "UPDATE archive SET value = zeroblob(32) WHERE name = 'digest'",
            to: "wrong digest"
        )
        for error in [
            await failure { _ = try await Archive(opening: wrong).summary() },
            await failure { _ = try await Archive(opening: wrong).contents() },
            await failure { try await bench.restore(wrong, to: "other") },
            await failure { try await bench.restore(wrong, to: "part") { $0.only = ["job"] } },
            await failure { try await bench.image(wrong, to: "image") },
        ] { #expect(error?.code == .corruptArchive) }
    }

    @Test("cat gives nothing of an index with any byte flipped")
    func rottenIndex() async throws {
        let sound = try await HostileArchive(bench: bench).sound()
        let trailer = try Trailer(reading: File(reading: sound))
        let bytes = try Files.bytes(sound)
        let members: [(Member.Kind, String)] = [
            (.action, CacheModel.id("file").description), (.mod, "example.com/m@v1.0.0"),
            (.ziphash, "example.com/m@v1.0.0"), (.zip, "example.com/zipped@v1.0.0"),
            (.checksum, "sum.golang.org/tile/8/0/000"),
        ]
        for offset in stride(from: trailer.indexOffset, to: trailer.indexOffset + trailer.indexSize, by: 977)
        {
            var rotten = bytes
            rotten[offset] ^= 0x20
            let archive = bench.path("rotten")
            try Files.write(rotten, to: archive)
            for (kind, name) in members {
                let error = await failure {
                    _ = try await Archive(opening: archive).content(of: kind, named: name)
                }
                #expect(error?.code == .corruptArchive, "\(kind) at \(offset)")
            }
        }
    }

    @Test("and a pack pass over 5,000 nested directories, and the next restore removes them")
    func depth() async throws {
        var model = CacheModel()
        let files = [("go.mod", Array("module a.b/m\n".utf8), false)]
        try model.addModule(CacheModel.Module(path: "a.b/m", version: "v1.0.0", files: files))
        let archive = try await bench.pack(model, to: "packed").path
        let caches = try await bench.restore(archive, to: "target").caches
        let root = try #require(caches.moduleCache)
        for (path, mode) in [("a.b/m@v1.0.0", true), ("cache/download/sumdb", false), ("c.d", false)] {
            let top = root.appending(FilePath(path).components)
            if mode { try Directory(opening: top).setMode(0o755) }
            var here = try Directory.creating(top)
            for _ in 0..<5_000 { here = try here.creatingDirectory("d") }
        }
        let report = try await Pack(options: .init(label: "job")).run(caches, to: bench.path("deep.castore"))
        #expect(report.leftOut.contains { $0.reason == .badName })
        try await bench.restore(archive, to: "target") { $0.profile = .image }
        let tree = try TreeListing(Directory(opening: root.appending("a.b").appending("m@v1.0.0")))
        #expect(tree.files.map(\.path) == ["go.mod"])
        for name in ["c.d", "cache"] { try Directory(opening: root).removeAll(name) }
    }

    @Test("of a tree that is 2,000 directories deep takes time like any other")
    func deepTree() async throws {
        var model = CacheModel()
        let deep = String(repeating: "d/", count: 1_900)
        let files =
            (0..<2).map { ("\(deep)\($0)", [UInt8(1)], false) } + [
                ("go.mod", Array("module a.b/m\n".utf8), false)
            ]
        try model.addModule(CacheModel.Module(path: "a.b/m", version: "v1.0.0", files: files))
        let archive = try await bench.pack(model, to: "packed").path
        try await bench.restore(archive, to: "target")
        let again = try await bench.restore(archive, to: "target").report
        #expect(again.treeFiles.untouched == 3)
        try await bench.image(archive, to: "image")
        try Directory(opening: bench.path("target")).removeAll("mod")
    }

    @Test("and a pack leave out a zip that is longer than Go's, without reading it")
    func sparseZip() async throws {
        var model = CacheModel()
        let files = [("go.mod", Array("module a.b/m\n".utf8), false)]
        try model.addModule(
            CacheModel.Module(path: "a.b/m", version: "v1.0.0", files: files),
            [.zip, .mod, .hash]
        )
        let caches = try bench.write(model, to: "caches")
        let root = try #require(caches.moduleCache)
        let zip = root.appending(FilePath("cache/download/a.b/m/@v/v1.0.0.zip").components)
        let directory = try Directory(opening: zip.removingLastComponent())
        let file = try directory.creatingFile("v1.0.0.zip", mode: 0o644, replacing: true)
        try file.write([UInt8(0)].span, at: 64 << 30)
        let report = try await Pack(options: .init(label: "job")).run(caches, to: bench.path("p.castore"))
        #expect(report.leftOut.contains { $0.reason == .wrongModuleHash && $0.path == zip })
    }
}
