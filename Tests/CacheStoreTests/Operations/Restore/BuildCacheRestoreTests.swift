import Glibc
import SystemPackage
import Testing

@testable import CacheStore

@Suite("Restoring GOCACHE")
struct BuildCacheRestoreTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    private static let seal = 4_102_444_800

    /// Returns a cache of three pairs: a file, an executable and an empty output.
    private func model() -> (CacheModel, file: ObjectID, executable: ObjectID) {
        var model = CacheModel()
        let (_, file) = model.addPair("file", Array("an object file".utf8))
        let (_, executable) = model.addPair("executable", Array("#!/bin/sh".utf8), executable: "tool")
        model.addPair("empty", [])
        return (model, file, executable)
    }

    private func build(_ path: String) -> FilePath { bench.path("out/\(path)") }

    @Test("gives modes, times and all 256 directories as Go and a sealed cache need them")
    func modesAndTimes() async throws {
        let (model, _, executable) = model()
        let pack = try await bench.pack(model, to: "pack")
        let started = Int(time(nil))
        let report = try await bench.restore(pack.path, to: "out").report
        #expect(report.outputs.created == 3)
        #expect(report.actions.created == 3)
        let snapshot = try TreeSnapshot(of: bench.path("out/build"))
        let directories = snapshot.entries.filter { $0.value.kind == .directory && !$0.key.contains("/") }
        #expect(Set(directories.keys) == Set((0..<256).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }))
        #expect(directories.values.allSatisfy { $0.mode == 0o733 })
        for (path, entry) in snapshot.entries where path.contains("-") {
            #expect(entry.modified == Self.seal * 1_000_000_000, "\(path)")
            let isExecutable = entry.kind == .directory || path.hasSuffix("/tool")
            #expect(entry.mode == (isExecutable ? 0o755 : 0o644), "\(path)")
        }
        let name = "\(executable.description.prefix(2))/\(executable)-d"
        #expect(snapshot.entries[name]?.kind == .directory)
        #expect(snapshot.entries["\(name)/tool"]?.kind == .regular)
        let trim = try #require(snapshot.entries["trim.txt"])
        #expect(trim.mode == 0o666)
        let time = try #require(
            Int(String(decoding: try Files.bytes(build("build/trim.txt")), as: UTF8.self))
        )
        #expect((started...started + 3_600).contains(time))
    }

    @Test("for a runner's volume makes entries a day old, and leaves modes to whoever made the directories")
    func ci() async throws {
        let pack = try await bench.pack(model().0, to: "pack").path
        let started = Int(time(nil))
        let restored = try await bench.restore(pack, to: "out") { $0.profile = .ci }
        let root = try #require(restored.caches.buildCache)
        for (path, entry) in try TreeSnapshot(of: root).entries {
            let isStamped = path.contains("-a") || path.contains("-d") || path == RestoreStamp.name
            let start = isStamped ? started - 86_402 : started
            #expect((start...start + 3_600).contains(entry.modified / 1_000_000_000), "\(path)")
            if entry.kind == .directory { #expect(entry.mode == 0o755, "\(path)") }
        }
        try Directory(opening: root).setMode(of: "00", 0o700)
        try await bench.restore(pack, to: "out") { $0.profile = .ci }
        #expect(try Directory(opening: root).status(of: "00")?.mode == 0o700)
        try await bench.restore(pack, to: "out")
        #expect(try Directory(opening: root).status(of: "00")?.mode == 0o733)
    }

    @Test("for readers alone makes a trim.txt that needs no writing, and takes it away again for others")
    func readonly() async throws {
        let pack = try await bench.pack(model().0, to: "pack").path
        for _ in 1...2 {
            let restored = try await bench.restore(pack, to: "out") { $0.profile = .readonly }
            let root = try Directory(opening: try #require(restored.caches.buildCache))
            #expect(try root.target(ofLink: "trim.txt") == "/dev/null")
            #expect(try root.status(of: "ff")?.mode == 0o711)
        }
        let restored = try await bench.restore(pack, to: "out")
        let root = try Directory(opening: try #require(restored.caches.buildCache))
        let trim = try #require(try root.status(of: "trim.txt"))
        #expect(trim.kind == .regular && trim.mode == 0o666)
    }

    @Test("lets everyone read files that only their owner could read, without writing the files again")
    func modes() async throws {
        let (model, _, _) = model()
        let pack = try await bench.pack(model, to: "pack").path
        var existing = model
        for path in model.files.keys { existing.files[path]?.mode = 0o600 }
        for path in model.files.keys where path.hasSuffix("/tool") { existing.files[path]?.mode = 0o700 }
        _ = try bench.write(existing, to: "out")
        let report = try await bench.restore(pack, to: "out").report
        #expect(report.outputs.untouched == 3)
        #expect(report.actions.untouched == 3)
        for (path, entry) in try TreeSnapshot(of: bench.path("out/build")).files where path.contains("-") {
            #expect(entry.mode & 0o444 == 0o444, "\(path)")
            if path.hasSuffix("/tool") { #expect(entry.mode & 0o555 == 0o555) }
        }
    }

    @Test("dates entries for a 32-bit go command so that it takes them for future")
    func narrowTime() async throws {
        for (target, expected) in [("386", 2_114_380_800), ("arm", 2_114_380_800), ("amd64", Self.seal)] {
            let pack = try await bench.pack(model().0, to: target) {
                $0.environment = GoEnvironment(variables: ["GOARCH": target])
            }
            let restored = try await bench.restore(pack.path, to: "out \(target)")
            let snapshot = try TreeSnapshot(of: try #require(restored.caches.buildCache))
            let entries = snapshot.entries.filter { $0.key.hasSuffix("-a") || $0.key.hasSuffix("-d") }
            #expect(entries.count == 6)
            #expect(entries.values.allSatisfy { $0.modified == expected * 1_000_000_000 })
        }
    }

    @Test("leaves right files and foreign ones alone, and replaces wrong, cut and partial ones")
    func overExisting() async throws {
        let (model, file, executable) = model()
        let pack = try await bench.pack(model, to: "pack")
        var existing = model
        let action = CacheModel.action(CacheModel.id("file"))
        existing.files[CacheModel.output(file)]?.bytes.removeLast(3)
        existing.files[CacheModel.output(executable) + "/tool"]?.bytes[0] ^= 1
        existing.files[action]?.bytes.removeLast(100)
        existing.addPair("somebody else's", [1, 2, 3])
        existing.files["build/00/note"] = CacheModel.Entry(bytes: [1], mode: 0o600)
        existing.files["build/note"] = CacheModel.Entry(bytes: [1], mode: 0o600)
        _ = try bench.write(existing, to: "out")
        let before = try TreeSnapshot(of: bench.path("out"))

        let report = try await bench.restore(pack.path, to: "out").report
        let after = try TreeSnapshot(of: bench.path("out"))
        #expect(report.outputs == Restore.Report.Tally(created: 0, replaced: 2, untouched: 1))
        #expect(report.actions == Restore.Report.Tally(created: 0, replaced: 1, untouched: 2))
        let replaced: Set = [
            CacheModel.output(file), CacheModel.output(executable), CacheModel.output(executable) + "/tool",
            action,
        ]
        for (path, entry) in before.files where path != "build/trim.txt" {
            #expect((after.entries[path]?.inode != entry.inode) == replaced.contains(path), "\(path)")
        }
        for (path, entry) in existing.files where !path.hasSuffix("-a") {
            let wanted = model.files[path] ?? entry
            #expect(after.entries[path]?.id == ContentHasher.hash(wanted.bytes.span), "\(path)")
        }
        let packed = try await bench.pack(bench.caches("out"), to: "again")
        #expect(packed.report.leftOut.allSatisfy { !$0.reason.isDamage })
        #expect(packed.report.totals.all.members == 8)
    }

    @Test("seals entries that are right but would age, without writing them anew")
    func seals() async throws {
        let (model, _, executable) = model()
        let pack = try await bench.pack(model, to: "pack")
        _ = try bench.write(model, to: "out")
        try Files.setTime(1_600_000_000, of: build(CacheModel.output(executable)).string)
        let before = try TreeSnapshot(of: bench.path("out"))
        let report = try await bench.restore(pack.path, to: "out").report
        #expect(report.bytesWritten == 0)
        let after = try TreeSnapshot(of: bench.path("out"))
        for (path, entry) in before.entries where path.contains("-d") || path.hasSuffix("-a") {
            #expect(after.entries[path]?.inode == entry.inode, "\(path)")
            if path.hasSuffix("/tool") { continue }
            #expect(after.entries[path]?.modified == Self.seal * 1_000_000_000, "\(path)")
        }
    }

    @Test("makes an executable of a file that stands in its place, and a file of a directory")
    func otherForm() async throws {
        let (model, file, executable) = model()
        let pack = try await bench.pack(model, to: "pack")
        var existing = CacheModel()
        existing.addOutput(Array("an object file".utf8), executable: "left")
        existing.addOutput(Array("#!/bin/sh".utf8))
        _ = try bench.write(existing, to: "out")
        let report = try await bench.restore(pack.path, to: "out").report
        #expect(report.outputs == Restore.Report.Tally(created: 1, replaced: 2, untouched: 0))
        let after = try TreeSnapshot(of: bench.path("out"))
        #expect(after.entries[CacheModel.output(file)]?.kind == .regular)
        #expect(after.entries[CacheModel.output(executable) + "/tool"]?.mode == 0o755)
    }

    @Test("makes a file executable again, and removes other files from the directory of an executable")
    func executableBits() async throws {
        let (model, _, executable) = model()
        let pack = try await bench.pack(model, to: "pack")
        let name = CacheModel.output(executable)
        for change in ["mode", "extra"] {
            var existing = model
            if change == "mode" { existing.files["\(name)/tool"]?.mode = 0o644 }
            if change == "extra" {
                existing.files["\(name)/other"] = CacheModel.Entry(bytes: [], mode: 0o755)
            }
            _ = try bench.write(existing, to: change)
            let restored = try await bench.restore(pack.path, to: change)
            #expect(restored.report.outputs.replaced == 1, "\(change)")
            let after = try TreeSnapshot(of: bench.path(change))
            #expect(after.entries["\(name)/tool"]?.mode == 0o755, "\(change)")
            #expect(after.entries["\(name)/other"] == nil, "\(change)")
        }
    }

    @Test("clears away what a restore that was killed has left, and leaves no temporary file itself")
    func leftovers() async throws {
        let (model, file, executable) = model()
        let pack = try await bench.pack(model, to: "pack")
        var existing = CacheModel()
        for path in [CacheModel.output(file), CacheModel.action(CacheModel.id("empty"))] {
            let name = path.split(separator: "/")
            existing.files["build/\(name[1])/.castore-\(name[2])"] = CacheModel.Entry(bytes: [1], mode: 0o600)
        }
        let name = CacheModel.output(executable).split(separator: "/")
        existing.files["build/\(name[1])/.castore-\(name[2])/tool"] = CacheModel.Entry(
            bytes: [1],
            mode: 0o600
        )
        _ = try bench.write(existing, to: "out")
        try await bench.restore(pack.path, to: "out")
        let after = try TreeSnapshot(of: bench.path("out"))
        #expect(after.paths.allSatisfy { !$0.contains(".castore-") })
        #expect(after.entries[CacheModel.output(file)]?.mode == 0o644)
        #expect(try await bench.pack(bench.caches("out"), to: "again").report.digest == pack.report.digest)
    }

    /// A place in GOCACHE where a symbolic link may be planted.
    ///
    /// A restore may refuse a link at `subdirectory`; at the other places it must succeed.
    enum Trap: String, CaseIterable, CustomTestStringConvertible {
        case subdirectory, output, action, executable, inner, temporary, trim
        var testDescription: String { rawValue }
    }

    @Test("writes nothing through symbolic links that were planted there", arguments: Trap.allCases)
    func plantedLinks(trap: Trap) async throws {
        let (model, file, executable) = model()
        let pack = try await bench.pack(model, to: "pack")
        let outside = bench.path("outside")
        try Files.write([1, 2, 3], to: outside.appending("file"))
        try Files.write([1, 2, 3], to: outside.appending("directory").appending("tool"), mode: 0o755)
        let tool = build(CacheModel.output(executable))
        let place: FilePath
        var target = outside.appending("file")
        switch trap {
        case .subdirectory:
            place = build(CacheModel.output(file)).removingLastComponent()
            target = outside.appending("directory")
        case .output: place = build(CacheModel.output(file))
        case .action: place = build(CacheModel.action(CacheModel.id("file")))
        case .executable:
            place = tool
            target = outside.appending("directory")
        case .inner: place = tool.appending("tool")
        case .temporary:
            place = build("build/\(file.description.prefix(2))/.castore-\(file)-d")
        case .trim: place = build("build/trim.txt")
        }
        try Files.link(place, to: target)
        let before = try TreeSnapshot(of: outside)
        do {
            try await bench.restore(pack.path, to: "out")
            #expect(
                try await bench.pack(bench.caches("out"), to: "again").report.digest == pack.report.digest
            )
        } catch let error as CacheStoreError {
            #expect(error.code == .symbolicLink)
            #expect(trap == .subdirectory, "\(error)")
        }
        #expect(try TreeSnapshot(of: outside) == before)
    }

    @Test("refuses sources that the archive does not hold, and writes nothing")
    func unknownSource() async throws {
        let pack = try await bench.pack(model().0, to: "pack")
        let error = await failure {
            try await bench.restore(pack.path, to: "out") { $0.only = ["job", "other"] }
        }
        #expect(error?.code == .badArgument)
        #expect(error?.remedy?.description.contains("job") == true)
        #expect(!Files.exists(bench.path("out")))
    }

    @Test("is refused without a directory, and restores only the cache that is named")
    func oneCache() async throws {
        var (model, _, _) = model()
        try model.addModule(LeftOutModuleTests.module)
        let archive = try Archive(opening: try await bench.pack(model, to: "pack").path)
        let error = await failure {
            try await Restore().run(archive, into: GoCaches(buildCache: nil, moduleCache: nil))
        }
        #expect(error?.code == .badArgument)
        _ = try await Restore().run(archive, into: GoCaches(buildCache: nil, moduleCache: bench.path("m")))
        #expect(!Files.exists(bench.path("m/00")))
        #expect(Files.exists(bench.path("m/\(LeftOutModuleTests.module.key)/go.mod")))
        _ = try await Restore().run(archive, into: GoCaches(buildCache: bench.path("b"), moduleCache: nil))
        #expect(!Files.exists(bench.path("b/cache")))
        #expect(Files.exists(bench.path("b/trim.txt")))
    }

    @Test("warns where the target's GOMODCACHE is not the one that was packed")
    func otherPath() async throws {
        for (place, expected) in [("out", []), ("elsewhere", [Warning.Code.moduleCachePath])] {
            let caches = bench.caches(place)
            for path in [caches.buildCache, caches.moduleCache] {
                _ = try Directory.creating(try #require(path))
            }
            let pack = try await bench.pack(caches, to: "pack of \(place)") {
                $0.environment = GoEnvironment(variables: ["GOOS": "linux", "GOMODCACHE": "/of/no/account"])
            }
            #expect(try await bench.restore(pack.path, to: "out").report.warnings.map(\.code) == expected)
            let silent = try await bench.restore(pack.path, to: "out") { $0.warnsOfMisses = false }
            #expect(silent.report.warnings.isEmpty)
        }
    }
}
