import SystemPackage
import Testing

@testable import CacheStore

@Suite("A verification with a go.sum")
struct VerifySumsTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    private func verify(_ archive: FilePath, _ sum: GoSum) async throws -> Verify.Report {
        try Files.write(sum.bytes(), to: bench.path("go.sum"))
        var options = Verify.Options.oneJob
        options.modules = try await NamedModules(reading: [bench.path("go.sum")])
        return try await Verify(options: options).run(archive)
    }

    @Test("finds every member that differs, and counts the modules that it can't compare")
    func differences() async throws {
        let model = try RandomCaches(seed: 11, jobs: 1, pairs: 12).jobs[0]
        var caches = try bench.write(model, to: "caches")
        caches.buildCache = nil
        let pack = try await bench.pack(caches, to: "pack").path
        let set = try bench.contents(pack).set
        let modules = Set(set.downloads.map(\.module)).sorted()
        var all = GoSum()
        for module in modules { all.add(module.text, of: model) }
        let sound = try await verify(pack, all)
        #expect(sound.problems.isEmpty && sound.unnamedModules == 0)

        // Each line in turn has a hash of something else.
        for index in all.lines.indices {
            var changed = all
            let words = changed.lines[index].split(separator: " ")
            let other = try #require(all.lines.map { $0.split(separator: " ")[2] }.first { $0 != words[2] })
            changed.lines[index] = "\(words[0]) \(words[1]) \(other)"
            let report = try await verify(pack, changed)
            let key = ModuleKey.escape("\(words[0])@\(words[1].split(separator: "/")[0])")
            let module = try #require(ModuleKey(key))
            let isModFile = words[1].hasSuffix("/go.mod")
            let kind = isModFile ? "mod" : set.treeIndex(of: module) == nil ? "zip" : "tree"
            #expect(report.problems.map(\.code) == [.wrongSum], "\(changed.lines[index])")
            #expect(report.problems.map(\.member) == ["\(kind) \(key)"], "\(changed.lines[index])")
        }
        // Without a line, the module counts as not named.
        for index in all.lines.indices {
            var less = all
            less.lines.remove(at: index)
            let report = try await verify(pack, less)
            #expect(report.problems.isEmpty && report.unnamedModules == 1, "\(all.lines[index])")
        }
    }

    @Test("counts nothing without a go.sum")
    func withoutSums() async throws {
        let pack = try await bench.pack(CacheModel(), to: "pack").path
        #expect(try await Verify().run(pack).unnamedModules == nil)
        let other = GoSum(lines: ["example.com/a v1.0.0 h1:a="])
        #expect(try await verify(pack, other).unnamedModules == 0)
    }
}
