import Foundation
import SystemPackage
import Testing

@testable import CacheStore

@Suite("The origin of packages that are compiled here")
struct GoOriginTests {
    /// Returns the origins that packages in a build cache state.
    private func origins(in cache: FilePath) throws -> [String] {
        let files = try #require(FileManager.default.enumerator(atPath: cache.string))
        var found: Set<String> = []
        for case let name as String in files where name.hasSuffix("-d") {
            let text = String(
                decoding: try Files.bytes(cache.appending(FilePath(name).components)),
                as: UTF8.self
            )
            let lines = text.split(separator: "\n").prefix(4)
            if let line = lines.first(where: { $0.hasPrefix("go object ") }) { found.insert(String(line)) }
        }
        return Array(found)
    }

    @Test(
        "is as the compiler states it, for each target, level and experiment",
        arguments: [
            [:], ["GOARCH": "arm64"], ["GOAMD64": "v3"], ["GOARCH": "arm", "GOARM": "5"],
            ["GOARCH": "arm64", "GOARM64": "v9.0"], ["GOOS": "js", "GOARCH": "wasm"],
            ["GOEXPERIMENT": "jsonv2,greenteagc"], ["GOEXPERIMENT": "nodwarf5"],
        ] as [[String: String]]
    )
    func stated(settings: [String: String]) async throws {
        let bench = try Workbench()
        let (source, cache) = (bench.path("source"), bench.path("cache"))
        try Files.makeDirectory(source)
        try Files.write(Array("module example.com/p\ngo 1.21\n".utf8), to: "\(source)/go.mod", mode: 0o644)
        try Files.write(Array("package p\n".utf8), to: "\(source)/p.go", mode: 0o644)
        var go = GoCommand(path: try RequiredTool.go.path, directory: source)
        go.overrides = settings.merging(["GOTOOLCHAIN": "local", "GOENV": "off", "GOWORK": "off"]) { $1 }
        let environment = try await go.environment(withOrigin: true)
        #expect(environment["PACKAGE_ORIGINS"].isEmpty)
        go.overrides["GOCACHE"] = cache.string
        let built = try await go.run(["build", "-o", "/dev/null", "."])
        #expect(built.status == 0, "\(String(decoding: built.errors, as: UTF8.self))")
        #expect(try origins(in: cache) == [environment.origin?.header])
    }

    @Test("is not asked for where only a job's environment is recorded")
    func recorded() async throws {
        let environment = try await GoCommand(path: try RequiredTool.go.path).environment()
        #expect(environment.origin == nil && !environment["GOVERSION"].isEmpty)
    }
}
