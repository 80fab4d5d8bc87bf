import Glibc
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

    /// Writes an archive whose job had settings, unless they are empty.
    private func archive(flags: String, moduleCache: String) async throws -> FilePath {
        let (hostile, sound) = (HostileArchive(bench: bench), bench.path("sound"))
        if !Files.exists(sound) { _ = try await hostile.sound() }
        return try hostile.write(
            from: sound,
            sql: """
                DELETE FROM environment WHERE name IN ('GOFLAGS', 'GOMODCACHE');
                INSERT INTO environment SELECT id, 'GOFLAGS', '\(flags)' FROM source;
                INSERT INTO environment SELECT id, 'GOMODCACHE', '\(moduleCache)' FROM source;
                DELETE FROM environment WHERE value = ''
                """,
            to: "settings"
        )
    }

    /// Returns the settings that are not taken over from an archive, by their warnings.
    private func untaken(_ archive: FilePath, taken: [String: String]) async throws -> [String] {
        let report = try await prepare(in: bench.root, [archive], moduleCache: bench.path("own"))
        for name in ["GOFLAGS", "GOMODCACHE"] {
            #expect(report.variables[name] == taken[name], "\(report)")
        }
        #expect(report.hasArchives, "\(report)")
        let warnings = report.warnings.filter { $0.code == .untakenSetting }
        return ["GOFLAGS", "GOMODCACHE"].filter { name in
            warnings.contains { $0.message.hasPrefix("the jobs' \(name), `") }
        }
    }

    @Test("does not take over GOFLAGS with one flag that can make Go run a program, and says so")
    func untakenFlags() async throws {
        let path = bench.path("modules").string
        for (flags, isHarmless) in [
            ("-tags=a", true), ("-tags=a -ldflags=-s", false), ("-toolexec=x", false), ("", true),
        ] {
            let archive = try await archive(flags: flags, moduleCache: path)
            var taken = ["GOMODCACHE": path]
            if isHarmless, !flags.isEmpty { taken["GOFLAGS"] = flags }
            #expect(try await untaken(archive, taken: taken) == (isHarmless ? [] : ["GOFLAGS"]), "\(flags)")
        }
        let trimmed = try await archive(flags: "-trimpath", moduleCache: "/usr")
        #expect(try await untaken(trimmed, taken: ["GOFLAGS": "-trimpath"]) == [], "no key has the path")
    }

    @Test("does not take over a GOMODCACHE that is shared, something else or not to be examined, and says so")
    func untakenModuleCache() async throws {
        let (shared, other, used) = (bench.path("shared"), bench.path("other"), bench.path("used"))
        for directory in [shared, other, used] { try Files.makeDirectory(directory) }
        #expect(unsafe chmod(shared.string, 0o777) == 0)
        try Files.write([1], to: other.appending("file"))
        try Files.makeDirectory(used.appending("cache"))
        try Files.makeDirectory(used.appending("cache/download"))
        for path in [shared, other, "/usr", "/", other.appending("file/below"), "relative"] {
            let archive = try await archive(flags: "", moduleCache: path.string)
            #expect(try await untaken(archive, taken: [:]) == ["GOMODCACHE"], "\(path)")
        }
        for path in [used, bench.path("a/new/one")] {
            let archive = try await archive(flags: "", moduleCache: path.string)
            #expect(try await untaken(archive, taken: ["GOMODCACHE": path.string]) == [], "\(path)")
        }
        let unknown = try await archive(flags: "", moduleCache: "")
        #expect(try await untaken(unknown, taken: [:]) == [])
    }

    @Test("uses an archive once that is named twice, and none that GOCACHEPROG can't name")
    func names() async throws {
        let sound = try await HostileArchive(bench: bench).sound()
        let directory = try checkout(of: sound)
        let odd = try bench.copy(sound, to: #"both "kinds" of 'quotes'"#)
        let bad = bench.path("absent")
        let report = try await prepare(
            in: directory,
            [bad, sound, bad, sound],
            moduleCache: bench.path("modules")
        )
        #expect(report.warnings.map(\.code) == [.unservedArchive], "\(report.warnings)")
        #expect(report.variables["GOCACHEPROG"] == "/cachectl prog \(sound)", "\(report)")
        let alone = try await prepare(in: directory, [odd], moduleCache: bench.path("others"))
        #expect(alone.warnings.map(\.code) == [.unservedArchive] && !alone.hasArchives, "\(alone)")
        #expect(!Files.exists(bench.path("others")))
        let error = await failure {
            try await prepare(in: directory, [odd], moduleCache: bench.path("others"), strict: true)
        }
        #expect(error?.code == .badArgument && !Files.exists(bench.path("others")))
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
