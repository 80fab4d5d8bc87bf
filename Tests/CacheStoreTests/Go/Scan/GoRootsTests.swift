import Foundation
import SystemPackage
import Testing

@testable import CacheStore

@Suite("The places where a GOROOT may be")
struct GoRootsTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    private func root(_ name: String, _ version: String?) throws -> FilePath {
        let path = bench.path(name)
        try Files.makeDirectory(path.appending("bin"))
        try Files.write([1], to: path.appending("bin/go").string, mode: 0o755)
        if let version { try Files.write(Array("\(version)\ntime x\n".utf8), to: path.appending("VERSION")) }
        return path
    }

    private func link(_ name: String, to target: String) throws {
        let path = bench.path(name)
        try Files.makeDirectory(path.removingLastComponent())
        try FileManager.default.createSymbolicLink(atPath: path.string, withDestinationPath: target)
    }

    @Test("are those of go env, of GOROOT and of each go on PATH, through links, each once")
    func found() throws {
        let (stated, variable) = (try root("stated", "go1.1"), try root("variable", "go1.2"))
        let (first, second) = (try root("lib/go-1.3", "go1.3"), try root("four", "go1.4rc1"))
        _ = try root("development", nil)
        try link("bin/go", to: "../chain/go")
        try link("chain/go", to: bench.path("lib/go-1.3/bin/go").string)
        try link("circle/go", to: "go")
        try link("dangling/go", to: "/nowhere/go")
        let path = ["bin", "four/bin", "circle", "dangling", "development/bin", "missing", "lib/go-1.3/bin"]
            .map { bench.path($0).string }.joined(separator: ":")
        let roots = try GoRoots.found(
            GoEnvironment(variables: ["GOROOT": stated.string, "GOVERSION": "go1.9"]),
            ["GOROOT": variable.string, "PATH": path]
        )
        let own = roots.filter { $0.path.starts(with: bench.root) }
        #expect(own.map(\.path) == [stated, variable, first, second])
        #expect(own.map(\.version) == ["go1.9", "go1.2", "go1.3", "go1.4rc1"])
    }

    @Test("are none where nothing is known")
    func none() throws {
        let roots = try GoRoots.found(GoEnvironment(), [:])
        #expect(roots.allSatisfy { $0.path == "/usr/local/go" })
    }
}
