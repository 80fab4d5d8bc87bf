import SystemPackage
import Testing

@testable import CacheStore

@Suite("The preparation of a command that builds")
struct BuildSetupTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    /// Prepares a command in a directory.
    private func prepare(
        in directory: FilePath,
        _ archives: [FilePath],
        moduleCache: FilePath,
        strict isStrict: Bool = false
    ) async throws -> BuildSetup.Report {
        var options = BuildSetup.Options(directory: directory)
        options.go = GoCommand(path: try RequiredTool.go.path)
        options.go.overrides = [
            "GOTOOLCHAIN": "local", "GOENV": "off", "GOCACHE": bench.path("build").string,
            "GOMODCACHE": moduleCache.string, "GOFLAGS": "", "GOCACHEPROG": "",
        ]
        options.program = ["/cachectl", "prog"]
        options.isStrict = isStrict
        return try await BuildSetup(options: options).run(archives)
    }

    /// Makes a directory whose go.sum names the module of an archive.
    private func checkout(of archive: FilePath) throws -> FilePath {
        let tree = try #require(try bench.contents(archive).set.trees.first)
        let directory = bench.path("checkout")
        try Files.makeDirectory(directory)
        let sum = "\(tree.module.path) \(tree.module.version) \(ModuleHash.text(of: tree.h1))\n"
        try Files.write(Array("module example.com/main\n".utf8), to: directory.appending("go.mod"))
        try Files.write(Array(sum.utf8), to: directory.appending("go.sum"))
        return directory
    }

    @Test(
        "leaves out an archive whose index is wrong, whether or not it needs a module of the archive",
        arguments: [true, false]
    )
    func wrongIndex(hasModules: Bool) async throws {
        let hostile = HostileArchive(bench: bench)
        let sound = try await hostile.sound()
        let liar = try hostile.write(
            from: sound,
            sql: "UPDATE archive SET value = zeroblob(32) WHERE name = 'digest'",
            to: "liar"
        )
        let damaged = try bench.copy(sound, to: "damaged") { bytes in
            bytes[try Archive(opening: sound).trailer.indexOffset + 5000] ^= 1
        }
        let directory = try checkout(of: sound)
        let moduleCache = bench.path("modules")
        if hasModules {
            let report = try await prepare(in: directory, [sound], moduleCache: moduleCache)
            #expect(report.restoredModules == 1 && report.warnings.isEmpty, "\(report)")
        }
        for bad in [liar, damaged] {
            let error = await failure {
                try await prepare(in: directory, [bad, sound], moduleCache: moduleCache, strict: true)
            }
            #expect(error?.code == .corruptArchive && error?.path == bad, "\(String(describing: error))")

            let alone = try await prepare(in: directory, [bad], moduleCache: moduleCache)
            #expect(alone.warnings.map(\.code) == [.unservedArchive], "\(alone.warnings)")
            #expect(!alone.hasArchives && alone.variables.isEmpty && alone.restoredModules == 0)

            let cache = hasModules ? moduleCache : bench.path("modules of \(bad.lastComponent?.string ?? "")")
            let both = try await prepare(in: directory, [bad, sound], moduleCache: cache)
            #expect(both.warnings.map(\.code) == [.unservedArchive], "\(both.warnings)")
            #expect(both.variables["GOCACHEPROG"] == "/cachectl prog \(sound)", "\(both)")
            #expect(both.restoredModules == (hasModules ? 0 : 1), "\(both)")
        }
    }
}
