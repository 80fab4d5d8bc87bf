import Foundation
import SystemPackage
import Testing

@testable import CacheStore

@Suite("The environment of a job")
struct StandardFlagsTests {
    @Test(
        "has the flags of the C compiler that Go finds, whatever the user's file of settings names",
        arguments: [
            "", "CGO_CFLAGS=  -O1   -g \n",
            "CGO_CFLAGS=\nCGO_LDFLAGS=-s\nCGO_CPPFLAGS=-DX=1\nGOFLAGS=-trimpath\n",
            "CGO_ENABLED=0\nCC=clang\n", "CGO_CXXFLAGS=-O3\nCGO_FFLAGS=-O3\nGOARCH=arm64\n",
        ],
        [nil, "", "-O3", "  -DA=1   -DB=2 "]
    )
    func equal(settings: String, flags: String?) async throws {
        let bench = try Workbench()
        let file = bench.path("settings")
        try Files.write(Array(settings.utf8), to: file.string, mode: 0o644)
        var go = GoCommand(path: try RequiredTool.go.path)
        for place in [file.string, "off"] {
            go.overrides = ["GOTOOLCHAIN": "local", "GOENV": place, "GOCACHE": bench.path("cache").string]
            go.overrides["CGO_CFLAGS"] = flags
            let stated = try await go.variables(GoEnvironment.recordedNames)
            for withOrigin in [false, true] {
                let found = try await go.environment(withOrigin: withOrigin)
                for (name, value) in stated { #expect(found[name] == value, "\(name)") }
            }
        }
    }

    /// Writes a C compiler that notes its runs.
    private func compiler(_ bench: Workbench) throws -> FilePath {
        let compiler = bench.path("cc")
        let script = "#!/bin/sh\necho \"$*\" >> \(bench.path("runs"))\necho cc 1\n"
        try Files.write(Array(script.utf8), to: compiler.string, mode: 0o755)
        return compiler
    }

    @Test("is asked for without a run of the C compiler but for its version", arguments: [false, true])
    func quick(withOrigin: Bool) async throws {
        let bench = try Workbench()
        var go = GoCommand(path: try RequiredTool.go.path)
        let compiler = try compiler(bench).string
        go.overrides = ["GOTOOLCHAIN": "local", "GOENV": "off", "CC": compiler, "CGO_ENABLED": "1"]
        #expect(try await go.environment(withOrigin: withOrigin)["CC_VERSION"] == "cc 1")
        #expect(try String(contentsOfFile: bench.path("runs").string, encoding: .utf8) == "--version\n")
    }

    @Test(
        "is asked for in full where the version of Go is not known",
        arguments: [
            ("go1.20.14", false), ("go1.21", true), ("go1.27rc1", true), ("go1.28", false), ("go2.25", false),
            ("devel go1.27-abcdef", false), ("go1.25.5 X:boringcrypto", true), ("", false),
        ]
    )
    func unknown(version: String, isKnown: Bool) async throws {
        let bench = try Workbench()
        let script = """
            #!/bin/sh
            echo "$*" >> \(bench.path("runs"))
            case " $* " in
            *CGO_CFLAGS*) echo '{"GOVERSION": "\(version)", "CGO_CFLAGS": "asked", "CGO_ENABLED": "0"}' ;;
            *) echo '{"GOVERSION": "\(version)", "CGO_ENABLED": "0"}' ;;
            esac
            """
        let path = bench.path("go").string
        try Files.write(Array(script.utf8), to: path, mode: 0o755)
        let environment = try await GoCommand(path: path).environment()
        #expect(environment["CGO_CFLAGS"] == (isKnown ? "-O2 -g" : "asked"))
    }
}
