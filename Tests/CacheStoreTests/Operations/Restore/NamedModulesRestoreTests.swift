import Foundation
import SystemPackage
import Testing

@testable import CacheStore

@Suite("A restore of the modules that go.sum names")
struct NamedModulesRestoreTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    /// Returns the modules that a `go.sum` names.
    private func named(_ sum: GoSum, in name: String = "go.sum", end: String = "\n") async throws
        -> NamedModules
    {
        try Files.write(sum.bytes(end: end), to: bench.path(name))
        return try await NamedModules(reading: [bench.path(name)])
    }

    private static func module(_ path: String, _ version: String = "v1.0.0") -> CacheModel.Module {
        CacheModel.Module(
            path: path,
            version: version,
            files: [
                ("go.mod", Array("module \(path)\n".utf8), false),
                ("a/a.go", Array("package a\n".utf8), false),
            ]
        )
    }

    private static let wrong = "h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

    // MARK: - The restriction

    @Test("is the whole restore without all other modules", arguments: 1...6 as ClosedRange<UInt64>)
    func restriction(seed: UInt64) async throws {
        var source = SeededBytes(seed: seed)
        let model = try RandomCaches(seed: seed, jobs: 1, pairs: 12).jobs[0]
        let pack = try await bench.pack(model, to: "pack").path
        var (sum, whole, others) = (GoSum(), Set<String>(), Set<String>())
        for module in Set(try bench.contents(pack).set.downloads.map(\.module)).sorted() {
            switch Int.random(in: 0..<4, using: &source) {
            case 0:
                sum.add(module.text, of: model)
                whole.insert(module.text)
            case 1:
                sum.add(module.text, of: model, isWhole: false)
                // A toolchain has no go.mod.
                if !module.isToolchain { others.insert(module.text) }
            default: continue
            }
        }
        sum.lines += [
            "example.org/Nowhere v1.0.0 \(Self.wrong)", "example.org/no v1.0.0/go.mod \(Self.wrong)",
        ]
        sum.lines += sum.lines.filter { _ in source.isOnce(in: 3) }
        sum.lines.shuffle(using: &source)
        let modules = try await named(sum, end: source.isOnce(in: 2) ? "\r\n" : "\n")
        let zips = Restore.Options.ModuleZips.allCases.randomElement(using: &source) ?? .none

        let (_, all) = try await bench.restore(pack, to: "whole") { $0.moduleZips = zips }
        let (_, report) = try await bench.restore(pack, to: "part") {
            $0.moduleZips = zips
            $0.modules = modules
        }
        func isExpected(_ path: String) -> Bool {
            if path.hasPrefix("build/") { return path != "build/trim.txt" }
            if path.hasSuffix("/list") { return false }
            return whole.contains { key in
                let module = key.split(separator: "@").map(String.init)
                let downloads = "mod/cache/download/\(module[0])/@v/\(module[1])."
                return path.hasPrefix("mod/\(key)/")
                    || path.hasPrefix(downloads) && !path.contains("/@v/list")
            }
                || others.contains { key in
                    let module = key.split(separator: "@").map(String.init)
                    return ["mod", "info"].contains {
                        path == "mod/cache/download/\(module[0])/@v/\(module[1]).\($0)"
                    }
                }
        }
        func contents(_ name: String) throws -> [String: ObjectID?] {
            try TreeSnapshot(of: bench.path(name)).files.mapValues(\.id)
                .filter { $0.key != "build/trim.txt" && !$0.key.hasSuffix("/list") }
        }
        let (expected, found) = (try contents("whole").filter { isExpected($0.key) }, try contents("part"))
        #expect(expected == found, "seed \(seed)")
        #expect(report.outputs == all.outputs && report.actions == all.actions)
        #expect(report.archiveDigest == all.digest)
        #expect(report.digest != report.archiveDigest)
        let absent = try #require(report.absentModules)
        #expect(absent.modules == ["example.org/Nowhere@v1.0.0"], "seed \(seed)")
        #expect(absent.modulesOfModFiles == ["example.org/no@v1.0.0"], "seed \(seed)")
        #expect(report.warnings.filter { $0.code == .absentModules }.count == 1)

        // A pack of what was restored has the digest that the restore has reported.
        let again = try await bench.pack(bench.caches("part"), to: "again")
        if zips == .make { #expect(again.report.digest == report.digest, "seed \(seed)") }
        let before = try TreeSnapshot(of: bench.path("part"))
        let (_, second) = try await bench.restore(pack, to: "part") {
            $0.moduleZips = zips
            $0.modules = modules
        }
        #expect(second.bytesWritten == 0 && second.digest == report.digest)
        let changed = try TreeSnapshot(of: bench.path("part")).difference(from: before) {
            ["build", "build/trim.txt"].contains($0) || $0.hasSuffix(".lock")
        }
        #expect(changed == [], "seed \(seed)")
    }

    @Test("of nothing restores no module, and the whole build cache")
    func nothing() async throws {
        var model = CacheModel()
        model.addPair("action", [1, 2, 3])
        try model.addModule(Self.module("example.com/a"))
        let pack = try await bench.pack(model, to: "pack").path
        try Files.write(Array("module m\n".utf8), to: bench.path("src/go.mod"))
        let modules = try await NamedModules(neededIn: [bench.path("src")], asking: nil)
        let (_, report) = try await bench.restore(pack, to: "out") { $0.modules = modules }
        #expect(report.treeFiles.created == 0 && report.downloads.created == 0)
        #expect(report.actions.created == 1 && report.outputs.created == 1)
        #expect(report.absentModules?.isEmpty == true && report.warnings.isEmpty)
        #expect(try TreeSnapshot(of: bench.path("out/mod")).files.isEmpty)
    }

    @Test("needs a GOMODCACHE")
    func withoutModuleCache() async throws {
        let pack = try await bench.pack(CacheModel(), to: "pack").path
        let modules = try await named(GoSum(lines: ["example.com/a v1.0.0 \(Self.wrong)"]))
        var options = Restore.Options()
        options.modules = modules
        let caches = GoCaches(buildCache: bench.path("build"), moduleCache: nil)
        let error = await failure { try await Restore(options: options).run(pack, into: caches) }
        #expect(error?.code == .badArgument)
    }

    // MARK: - Hashes

    /// The ways in which a module differs from a go.sum.
    enum Difference: CaseIterable {
        case tree, zip, modFile
    }

    @Test("writes nothing if a module is not the one that go.sum names", arguments: Difference.allCases)
    func wrongSum(difference: Difference) async throws {
        var model = CacheModel()
        model.addPair("action", [1, 2, 3])
        let (good, bad) = (Self.module("example.com/a"), Self.module("example.com/Bad/m"))
        try model.addModule(good)
        try model.addModule(bad, difference == .zip ? [.zip, .info, .mod, .hash] : .all)
        let pack = try await bench.pack(model, to: "pack").path
        var sum = GoSum()
        sum.add(good.key, of: model)
        sum.add(bad.key, of: model)
        let index = try #require(
            sum.lines.firstIndex {
                $0.hasPrefix("example.com/Bad/m v1.0.0\(difference == .modFile ? "/go.mod" : "") ")
            }
        )
        let right = try #require(sum.lines[index].split(separator: " ").last)
        sum.lines[index] = sum.lines[index].replacing(right, with: Self.wrong)
        let modules = try await named(sum)
        let before = try TreeSnapshot(of: bench.root)
        let error = try #require(
            await failure { try await bench.restore(pack, to: "out") { $0.modules = modules } }
        )
        #expect(error.code == .wrongSum && error.remedy == .compareSums && error.path == pack)
        let kind = ["tree", "zip", "mod"][try #require(Difference.allCases.firstIndex(of: difference))]
        #expect(error.member == "\(kind) example.com/!bad/m@v1.0.0")
        for words in [String(right), Self.wrong, bench.path("go.sum").string] {
            #expect(error.message.contains(words), "\(error)")
        }
        #expect(try TreeSnapshot(of: bench.root) == before)

        // What go.sum does not name is not compared: without that line, all goes well.
        sum.lines.remove(at: index)
        let rest = try await named(sum)
        let (_, report) = try await bench.restore(pack, to: "out") { $0.modules = rest }
        #expect(report.absentModules?.isEmpty == true)
    }

    @Test("takes any of several hashes in one file, and asks each of several files")
    func severalLines() async throws {
        var model = CacheModel()
        let module = Self.module("example.com/a")
        try model.addModule(module)
        let pack = try await bench.pack(model, to: "pack").path
        var sum = GoSum()
        sum.add(module.key, of: model)
        let wrong = GoSum(
            lines: ["example.com/a v1.0.0 \(Self.wrong)", "example.com/a v1.0.0/go.mod \(Self.wrong)"]
        )
        var both = wrong
        both.lines += sum.lines
        let modules = try await named(both)
        #expect(
            try await bench.restore(pack, to: "both") { $0.modules = modules }.report.treeFiles.created == 2
        )

        for (name, content) in [("one", sum), ("other", wrong)] {
            try Files.write(Array("module m\n".utf8), to: bench.path("\(name)/go.mod"))
            try Files.write(content.bytes(), to: bench.path("\(name)/go.sum"))
        }
        let two = try await NamedModules(neededIn: [bench.path("one"), bench.path("other")], asking: nil)
        let error = await failure { try await bench.restore(pack, to: "two") { $0.modules = two } }
        #expect(error?.code == .wrongSum)
        #expect(error?.message.contains("other/go.sum") == true)
        #expect(error?.message.hasSuffix("(1 other member differs too), so nothing is restored") == true)
        let one = try await NamedModules(neededIn: [bench.path("one")], asking: nil)
        try await bench.restore(pack, to: "two") { $0.modules = one }
    }

    // MARK: - Several archives

    @Test("from several archives gives what is absent of one to the next, and lists what none has")
    func severalArchives() async throws {
        let (a, b, c) = (
            Self.module("example.com/a"), Self.module("example.com/b"), Self.module("example.com/c")
        )
        let name = "\(a.download).info"
        var (first, second) = (CacheModel(), CacheModel())
        for module in [a, c] { try first.addModule(module) }
        for module in [a, b] { try second.addModule(module) }
        second.files[name]?.bytes = Array(#"{"Version":"v1.0.0","Origin":{"VCS":"git"}}"#.utf8)
        let packs = [
            try await bench.pack(first, as: "first", to: "first.castore").path,
            try await bench.pack(second, as: "second", to: "second.castore").path,
        ]
        var sum = GoSum(lines: ["example.com/none v1.0.0 \(Self.wrong)"])
        for module in [a, b] { sum.add(module.key, of: second) }
        let all = try await named(sum)

        var rest = all
        for pack in packs {
            rest = try #require(
                try await bench.restore(pack, to: "out") { $0.modules = rest }.report.absentModules
            )
            if pack == packs[0] {
                #expect(rest.modules == ["example.com/b@v1.0.0", "example.com/none@v1.0.0"])
            }
        }
        #expect(rest.modules == ["example.com/none@v1.0.0"] && rest.modulesOfModFiles.isEmpty)
        let before = try TreeSnapshot(of: bench.path("out"))
        let info = try #require(first.files[name]?.bytes)
        #expect(try Files.bytes(bench.path("out/\(name)")) == info)
        #expect(!before.paths.contains { $0.contains("example.com/c") })

        // The same modules again, from either archive, change nothing, although the `.info` files differ.
        for pack in packs.reversed() {
            let (_, report) = try await bench.restore(pack, to: "out") { $0.modules = all }
            #expect(report.bytesWritten == 0)
            #expect(report.absentModules?.modules == ["example.com/none@v1.0.0"])
        }
        let changed = try TreeSnapshot(of: bench.path("out")).difference(from: before) {
            ["build", "build/trim.txt"].contains($0) || $0.hasSuffix(".lock")
        }
        #expect(changed == [])
        // An `.info` that Go can't read is mended.
        try Files.write(Array("torn".utf8), to: bench.path("out/\(name)"))
        try await bench.restore(packs[0], to: "out") { $0.modules = all }
        #expect(try Files.bytes(bench.path("out/\(name)")) == info)
    }

    /// The states of a module in GOMODCACHE, beside a restore that does not have it.
    enum State: CaseIterable {
        case whole, zipAlone, wrongHash, unpacking, treeMissing
    }

    @Test("does not list a module that is in GOMODCACHE as Go takes it", arguments: State.allCases)
    func there(state: State) async throws {
        let module = Self.module("example.com/Other/m")
        var (own, other) = (CacheModel(), CacheModel())
        try own.addModule(Self.module("example.com/a"))
        try other.addModule(
            module,
            state == .zipAlone
                ? [.zip, .mod, .hash] : state == .treeMissing ? [.mod, .hash] : [.tree, .mod, .hash]
        )
        let pack = try await bench.pack(own, to: "pack").path
        var sum = GoSum()
        sum.add(module.key, of: other)
        if state == .wrongHash { other.files["\(module.download).ziphash"]?.bytes = Array(Self.wrong.utf8) }
        if state == .unpacking {
            other.files["\(module.download).partial"] = CacheModel.Entry(bytes: [], mode: 0o644)
        }
        _ = try bench.write(other, to: "out")
        let modules = try await named(sum)
        let (_, report) = try await bench.restore(pack, to: "out", ofModulesAlone: true) {
            $0.modules = modules
        }
        let absent = [State.whole, .zipAlone].contains(state) ? [] : ["example.com/Other/m@v1.0.0"]
        #expect(report.absentModules?.modules == absent)
        #expect(report.absentModules?.modulesOfModFiles == [])
    }

    @Test("lists a module that is damaged in the archive and left out")
    func damaged() async throws {
        var source = SeededBytes(seed: 7)
        var model = CacheModel()
        var module = Self.module("example.com/a")
        module.files.append(("data", source.bytes(5_000), false))
        try model.addModule(module)
        let sound = try await bench.pack(model, to: "sound").path
        let set = try bench.contents(sound).set
        let chunk = set.chunks[try #require(set.trees.first?.chunks.first)]
        let pack = try bench.damage(sound, frames: [chunk], to: "damaged", &source)
        var sum = GoSum()
        sum.add(module.key, of: model)
        let modules = try await named(sum)
        let (_, report) = try await bench.restore(pack, to: "out") {
            $0.modules = modules
            $0.skipsDamaged = true
        }
        #expect(report.leftOut.map(\.label) == ["tree example.com/a@v1.0.0"])
        #expect(report.absentModules?.modules == ["example.com/a@v1.0.0"])
        #expect(report.absentModules?.modulesOfModFiles == [])
        // Another archive has it.
        let rest = report.absentModules
        let (_, second) = try await bench.restore(sound, to: "out") { $0.modules = rest }
        #expect(second.absentModules?.isEmpty == true && second.treeFiles.created == 3)
    }
}
