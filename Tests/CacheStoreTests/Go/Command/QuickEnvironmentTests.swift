import Foundation
import SystemPackage
import Testing

@testable import CacheStore

@Suite("The environment without the C compiler's part")
struct QuickEnvironmentTests {
    @Test(
        "is the whole environment, whatever the user's file of settings names",
        arguments: [
            "", "CGO_CFLAGS=-O1\n", "CGO_CFLAGS=\nCGO_LDFLAGS=-s\nCGO_CPPFLAGS=-DX=1\nGOFLAGS=-trimpath\n",
            "CGO_ENABLED=0\nCC=clang\n", "CGO_CXXFLAGS=-O3\nCGO_FFLAGS=-O3\nGOARCH=arm64\n",
        ]
    )
    func equal(settings: String) async throws {
        let bench = try Workbench()
        let file = bench.path("settings")
        try Files.write(Array(settings.utf8), to: file.string, mode: 0o644)
        var go = GoCommand(path: try RequiredTool.go.path)
        for place in [file.string, "off"] {
            go.overrides = ["GOTOOLCHAIN": "local", "GOENV": place]
            let (quick, whole) = (try await go.quickEnvironment(), try await go.environment())
            #expect(quick == whole)
        }
    }

    @Test("is asked for without a run of the C compiler but for its version")
    func quick() async throws {
        let bench = try Workbench()
        let compiler = bench.path("cc")
        let script = "#!/bin/sh\necho \"$*\" >> \(bench.path("runs"))\necho cc 1\n"
        try Files.write(Array(script.utf8), to: compiler.string, mode: 0o755)
        var go = GoCommand(path: try RequiredTool.go.path)
        go.overrides = ["GOTOOLCHAIN": "local", "GOENV": "off", "CC": compiler.string, "CGO_ENABLED": "1"]
        #expect(try await go.quickEnvironment()["CC_VERSION"] == "cc 1")
        #expect(try String(contentsOfFile: bench.path("runs").string, encoding: .utf8) == "--version\n")
    }
}
