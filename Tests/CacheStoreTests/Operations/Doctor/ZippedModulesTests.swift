import Glibc
import SystemPackage
import Testing

@testable import CacheStore

@Suite("Modules that travel as zips")
struct ZippedModulesTests {
    private func findings(_ cache: FilePath) throws -> [Finding] {
        let module = ZippedModules.Module(
            key: try #require(ModuleKey("example.com/!x@v1.0.0")),
            sources: ["job"]
        )
        let source = Source(label: "job", environment: GoEnvironment(), digest: ContentHasher().finish())
        let here = GoEnvironment(variables: ["GOMODCACHE": cache.string])
        return try ZippedModules.findings([module], [source], here)
    }

    @Test("make the outcome unknown where GOMODCACHE can't be written to, unless they are unpacked there")
    func unwritable() throws {
        // The superuser may write anywhere but to a file system like this one.
        let found = try findings("/proc/1")
        #expect(found.map(\.code) == [.moduleZips])
        #expect(found.first?.severity == .unknown && found.first?.sources == ["job"])
        #expect(found.first?.recorded.first?.value == "`example.com/X@v1.0.0`")
        let bench = try Workbench()
        #expect(try findings(bench.root).isEmpty)
        #expect(try findings(bench.path("not there")).isEmpty)
    }

    @Test("are those with a stored zip and no tree")
    func found() throws {
        var set = MemberSet()
        set.sources = [Source(label: "job", environment: GoEnvironment(), digest: ContentHasher().finish())]
        let sources = set.sourceSets.number(of: [0])
        let key = try #require(ModuleKey("example.com/m@v1.0.0"))
        let stored = MemberSet.Download.Content.stored(
            id: ContentHasher().finish(),
            size: 1,
            chunks: ChunkList([])
        )
        set.downloads = [
            MemberSet.Download(module: key, kind: .mod, content: .bytes([]), sources: sources),
            MemberSet.Download(module: key, kind: .zip, content: stored, sources: sources),
        ]
        #expect(ZippedModules.modules(of: set) == [ZippedModules.Module(key: key, sources: ["job"])])
        set.downloads[1].content = .derived
        #expect(ZippedModules.modules(of: set).isEmpty)
    }
}
