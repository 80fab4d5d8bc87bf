import Glibc
import SystemPackage
import Testing

@testable import CacheStore

/// Tests of sealing a GOCACHE in place, and of finding what a later step has undone.
@Suite("Sealing a GOCACHE")
struct SealTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    private func seal(
        _ name: String,
        _ profile: CacheProfile = .image,
        isDryRun: Bool = false,
        time: Int? = nil
    ) async throws -> Seal.Report {
        var options = Seal.Options()
        (options.profile, options.isDryRun) = (profile, isDryRun)
        if let time { options.time = time }
        return try await Seal(options: options).run(bench.path(name))
    }

    private func kinds(_ report: Seal.Report) -> [Seal.Report.Fault.Kind: Int] {
        Dictionary(uniqueKeysWithValues: report.faults.map { ($0.kind, $0.count) })
    }

    /// Writes a cache with an executable, and with files that only their owner may read.
    private func writeCache() throws -> CacheModel {
        var model = CacheModel()
        model.addPair("file", Array("an object file".utf8))
        model.addPair("program", Array("#!/bin/sh".utf8), executable: "tool")
        for path in model.files.keys { model.files[path]?.mode = 0o600 }
        model.files["build/trim.txt"] = CacheModel.Entry(bytes: Array("1".utf8), mode: 0o644)
        model.files["build/00/note"] = CacheModel.Entry(bytes: [1], mode: 0o600)
        _ = try bench.write(model, to: "cache")
        return model
    }

    @Test(
        "reports what is missing without a change, mends it, and then finds nothing",
        arguments: [CacheProfile.image, .readonly]
    )
    func mends(profile: CacheProfile) async throws {
        let model = try writeCache()
        let before = try TreeSnapshot(of: bench.path("cache/build"))
        let check = try await seal("cache/build", profile, isDryRun: true)
        let there = before.entries.filter { $0.value.kind == .directory && $0.key.utf8.count == 2 }.count
        #expect(check.entries == 4)
        #expect(
            kinds(check) == [
                // For the executable, the mode of the file and the time of the directory count.
                .time: 4, .mode: 4, .missingDirectory: 256 - there,
                // The directory itself must let all users make `fuzz` there.
                .directoryMode: there + (profile == .image ? 1 : 0), .trimFile: 1,
            ]
        )
        #expect(try TreeSnapshot(of: bench.path("cache/build")) == before)

        #expect(try await seal("cache/build", profile) == check)
        let after = try TreeSnapshot(of: bench.path("cache/build"))
        for (path, entry) in after.entries where path.hasSuffix("-a") || path.hasSuffix("-d") {
            #expect(entry.modified == 4_102_444_800 * 1_000_000_000, "\(path)")
            #expect(entry.mode & 0o444 == 0o444, "\(path)")
        }
        let top = try #require(try Directory(opening: bench.path("cache/build")).status(of: "."))
        #expect(top.mode == (profile == .image ? 0o777 : 0o755))
        for index in 0..<256 {
            #expect(after.entries[BuildCacheLayout.subdirectory(index)]?.mode == profile.directoryMode)
        }
        let tool = try #require(after.files.first { $0.key.hasSuffix("/tool") })
        #expect(tool.value.mode & 0o555 == 0o555)
        #expect(after.entries["00/note"] == before.entries["00/note"], "what is no entry is left alone")
        for (path, entry) in model.files where path != "build/trim.txt" {
            let id = ContentHasher.hash(entry.bytes.span)
            #expect(after.entries[String(path.dropFirst(6))]?.id == id, "\(path)")
        }
        #expect(try await seal("cache/build", profile, isDryRun: true).faults.isEmpty)
        #expect(try await seal("cache/build", profile).faults.isEmpty)
        #expect(try TreeSnapshot(of: bench.path("cache/build")) == after)
    }

    @Test("finds nothing to do after a restore, and what was done to the cache since")
    func afterRestore() async throws {
        var model = CacheModel()
        let (action, output) = model.addPair("file", Array("an object file".utf8))
        let pack = try await bench.pack(model, to: "pack").path
        for profile in [CacheProfile.image, .readonly] {
            let name = "restored \(profile.rawValue)"
            try await bench.restore(pack, to: name) { $0.profile = profile }
            #expect(try await seal("\(name)/build", profile, isDryRun: true).faults.isEmpty)
        }
        let root = bench.path("restored image")
        func path(_ path: String) -> FilePath { root.appending(FilePath(path).components) }
        try Files.setTime(1_700_000_000, of: path(CacheModel.action(action)).string)
        let directory = try Directory(opening: path(CacheModel.output(output)).removingLastComponent())
        try directory.setMode(of: "\(output)-d", 0o640)
        try Files.remove(path("build/trim.txt"))
        let used = [Int(action.firstByte), Int(output.firstByte)]
        let free = try #require((0..<256).first { !used.contains($0) })
        let build = try Directory(opening: path("build"))
        try build.removeAll(BuildCacheLayout.subdirectory(free))
        let report = try await seal("restored image/build", isDryRun: true)
        #expect(kinds(report) == [.time: 1, .mode: 1, .missingDirectory: 1, .trimFile: 1])
        #expect(report.faults.first { $0.kind == .time }?.first == path(CacheModel.action(action)))
        #expect(report.faults.first { $0.kind == .mode }?.first == path(CacheModel.output(output)))
        #expect(kinds(try await seal("restored image/build")) == kinds(report))
        #expect(try await seal("restored image/build", isDryRun: true).faults.isEmpty)
    }

    @Test("leaves a link in the place of an entry and its target alone, and reports the link each time")
    func link() async throws {
        _ = try writeCache()
        let target = bench.path("elsewhere")
        try Files.write([1], to: target, mode: 0o600)
        let name = "00/\(String(repeating: "0", count: 64))-d"
        try Files.link(bench.path("cache/build/\(name)"), to: target)
        let before = try #require(try TreeSnapshot(of: bench.root).entries["elsewhere"])
        for _ in 1...2 {
            let fault = try #require(try await seal("cache/build").faults.last)
            #expect(fault.kind == .foreign)
            #expect(fault.first == bench.path("cache/build/\(name)"))
        }
        #expect(try TreeSnapshot(of: bench.root).entries["elsewhere"] == before)
    }

    @Test("opens what Go keeps beside the entries to other users, and closes it again for readers")
    func beside() async throws {
        _ = try writeCache()
        let root = try Directory(opening: bench.path("cache/build"))
        _ = try root.creatingFile("testexpire.txt", mode: 0o644)
        let corpus = try root.creatingDirectory(at: ["fuzz", "app", "FuzzA"], mode: 0o700)
        _ = try corpus.creatingFile("0123", mode: 0o600)
        _ = try await seal("cache/build")
        func modes() throws -> [mode_t?] {
            let entries = try TreeSnapshot(of: bench.path("cache/build")).entries
            return ["testexpire.txt", "fuzz", "fuzz/app/FuzzA", "fuzz/app/FuzzA/0123"].map {
                entries[$0]?.mode
            }
        }
        #expect(try modes() == [0o666, 0o777, 0o777, 0o644])
        #expect(try await seal("cache/build", isDryRun: true).faults.isEmpty)
        #expect(
            kinds(try await seal("cache/build", .readonly, isDryRun: true)) == [
                .directoryMode: 260, .mode: 1, .trimFile: 1,
            ]
        )
        _ = try await seal("cache/build", .readonly)
        #expect(try modes() == [0o644, 0o755, 0o755, 0o644])
    }

    @Test("of a cache that was for users who add entries, for readers: nobody but the owner can write there")
    func closes() async throws {
        var model = CacheModel()
        model.addPair("file", Array("an object file".utf8))
        let pack = try await bench.pack(model, to: "pack").path
        try await bench.restore(pack, to: "out") { $0.profile = .image }
        let directory = try Directory(opening: bench.path("out/build"))
        for name in try directory.names().valid where name.utf8.count == 2 {
            guard let inner = try directory.directory(name) else { continue }
            for entry in try inner.names().valid { try inner.setMode(of: entry, 0o666) }
        }
        let check = try await seal("out/build", .readonly, isDryRun: true)
        #expect(kinds(check) == [.directoryMode: 257, .mode: 2, .trimFile: 1])
        _ = try await seal("out/build", .readonly)
        let writable = try TreeSnapshot(of: bench.path("out/build")).entries.filter {
            $0.value.kind != .symbolicLink && $0.value.mode & 0o022 != 0
        }
        #expect(writable.isEmpty)
        #expect(try await seal("out/build", .readonly, isDryRun: true).faults.isEmpty)
        #expect(try await !seal("out/build", .image, isDryRun: true).faults.isEmpty)
    }

    @Test("warns of names that the layer of an image takes for removals, and names the first of each kind")
    func whiteouts() async throws {
        var model = CacheModel()
        model.addPair("program", [1, 2], executable: ".wh.tool")
        for name in ["a", "b"] {
            let files = [(".wh.\(name)", [UInt8(1)], false), ("go.mod", Array("module m".utf8), false)]
            let version = "v1.0.0-\(name)"
            try model.addModule(CacheModel.Module(path: "example.com/m", version: version, files: files))
        }
        _ = try bench.write(model, to: "cache")
        var options = Seal.Options()
        options.moduleCache = bench.path("cache/mod")
        for isDryRun in [true, false, true] {
            options.isDryRun = isDryRun
            let report = try await Seal(options: options).run(bench.path("cache/build"))
            #expect(report.warnings.map(\.code) == [.whiteoutName, .whiteoutName])
            let messages = report.warnings.map(\.message)
            #expect(messages[0].contains("2 files"), "\(messages)")
            #expect(messages[0].contains("cache/mod/example.com/m@v1.0.0-a/.wh.a`"), "\(messages)")
            #expect(messages[1].contains("/.wh.tool`"), "\(messages)")
        }
        options.moduleCache = nil
        let report = try await Seal(options: options).run(bench.path("cache/build"))
        #expect(report.warnings.count == 1 && report.faults.isEmpty)
    }

    @Test("gives the time that is asked for, and refuses what is no GOCACHE and a profile that seals nothing")
    func limits() async throws {
        _ = try writeCache()
        _ = try await seal("cache/build", time: BuildCacheLayout.earliestSealTime)
        let entries = try TreeSnapshot(of: bench.path("cache/build")).entries.filter {
            $0.key.hasSuffix("-a")
        }
        #expect(entries.values.allSatisfy { $0.modified == 2_114_380_800 * 1_000_000_000 })
        #expect(try await seal("cache/build", isDryRun: true).faults.isEmpty)
        let before = try TreeSnapshot(of: bench.root)
        #expect(await failure { try await seal("cache") }?.code == .badArgument)
        #expect(await failure { try await seal("cache/build", .ci) }?.code == .badArgument)
        #expect(await failure { try await seal("missing") }?.code == .notFound)
        #expect(try TreeSnapshot(of: bench.root) == before)
    }
}
