import Glibc
import SystemPackage
import Testing

@testable import CacheStore

@Suite("A GOCACHE that this user lacks access to")
struct BuildCacheAccessTests {
    private func fault(
        _ path: FilePath,
        _ version: String = "go1.25.5",
        debug: String = ""
    ) throws -> BuildCacheAccess.Fault? {
        try BuildCacheAccess.fault(of: path, version: version, debug: debug, entries: [])
    }

    @Test("can't be made where files, broken links or closed directories are in the way")
    func noPlace() throws {
        let bench = try Workbench()
        try Directory(opening: bench.root).createLink("broken", to: "nowhere")
        _ = try Directory(opening: bench.root).creatingFile("file", mode: 0o644)
        #expect(try fault(bench.path("file")) == .isNoDirectory)
        #expect(try fault(bench.path("broken")) == .isNoDirectory)
        #expect(try fault("/dev/null") == .isNoDirectory)
        #expect(try fault(bench.path("file").appending("below")) == .cannotBeMade)
        #expect(try fault(bench.path("broken").appending("below")) == .cannotBeMade)
        // The superuser may write anywhere but to a file system like this one.
        #expect(try fault("/proc/1/go-build/x") == .cannotBeMade)
        #expect(try fault("/proc/1") == .lacksDirectories)
        #expect(try fault(bench.path("not there")) == nil)
        #expect(try fault(bench.root) == nil)
    }

    @Test("says what follows for builds and what to do, in one sentence each")
    func words() {
        for fault: BuildCacheAccess.Fault in [
            .cannotBeMade, .isNoDirectory, .lacksDirectories, .cannotBeRead, .storesNoIndex,
            .storesNoTrimTime, .storesNothing,
        ] {
            #expect(!fault.loss.isEmpty && !fault.mend.isEmpty)
            #expect(!(fault.loss + fault.mend).contains(". "))
            #expect((fault.severity == .note) == (fault == .storesNothing))
        }
    }
}

@Suite("Modules that can't be added to GOMODCACHE")
struct AbsentModulesTests {
    private func findings(_ cache: FilePath, flags: String = "") throws -> [Finding] {
        let module = ZippedModules.Module(
            key: try #require(ModuleKey("example.com/!x@v1.0.0")),
            sources: ["job"]
        )
        let source = Source(label: "job", environment: GoEnvironment(), digest: ContentHasher().finish())
        let here = GoEnvironment(variables: ["GOMODCACHE": cache.string, "GOFLAGS": flags])
        return try AbsentModules.findings([module], [source], here)
    }

    @Test("make the outcome unknown where none of them is there, unless builds are vendored")
    func unwritable() throws {
        for cache: FilePath in ["/proc/1", "/proc/1/mod", "/dev/null", "/dev/null/mod"] {
            let found = try findings(cache)
            #expect(found.map(\.code) == [.absentModules])
            #expect(found.first?.severity == .unknown && found.first?.sources == ["job"])
            #expect(found.first?.recorded.first?.value == "`example.com/X@v1.0.0`")
            #expect(try findings(cache, flags: "-mod=vendor").isEmpty)
        }
        let bench = try Workbench()
        #expect(try findings(bench.root).isEmpty)
        #expect(try findings(bench.path("not there")).isEmpty)
    }
}
