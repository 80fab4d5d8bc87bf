import SystemPackage
import Testing

@testable import CacheStore

/// Tests of facts about the packed entries themselves, which `go env` does not know.
@Suite("A pack records and tells")
struct PackFactsTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    /// Returns a compiled package with a line that states its origin.
    private static func package(_ line: String, _ name: String, program: Bool = false) -> [UInt8] {
        let head = "!<arch>\n" + "__.PKGDEF       0           0     0     644     100       `\n"
        return Array("\(head)\(line)\nbuild id \"x/y\"\n\(program ? "main\n" : "")\n\(name)".utf8)
    }

    private static let lines = [
        "go object linux amd64 go1.27.3 GOAMD64=v1 X:regabiwrappers,dwarf5",
        "go object linux arm64 go1.27.3 GOARM64=v8.0 X:regabiwrappers",
        "go object windows amd64 go1.21.13 X:regabiwrappers,regabiargs",
        "go object linux amd64 devel go1.28-0123abcd Mon Jan 1 00:00:00 2026 +0000 GOAMD64=v3 X:",
    ]

    @Test("the toolchains and targets that compiled the packages, by count, whatever `go env` says")
    func origins() async throws {
        var model = CacheModel()
        for (index, line) in Self.lines.enumerated() {
            for number in 0...(3 - index) {
                model.addPair(
                    "\(index) \(number)",
                    Self.package(line, "\(index) \(number)", program: number == 0)
                )
            }
        }
        let pack = try await bench.pack(model, to: "pack") {
            $0.environment = GoEnvironment(variables: [
                "GOVERSION": "go1.25.5", "GOOS": "linux", "GOARCH": "amd64",
            ])
        }
        let origins = pack.report.environment.origins
        #expect(origins.map(\.packages) == [4, 3, 2, 1])
        #expect(origins.map(\.header) == Self.lines)
        #expect(origins.map(\.version).last == "devel go1.28-0123abcd Mon Jan 1 00:00:00 2026 +0000")
        #expect(origins.map(\.target) == ["linux/amd64", "linux/arm64", "windows/amd64", "linux/amd64"])
        #expect(origins.map(\.level) == ["GOAMD64=v1", "GOARM64=v8.0", "", "GOAMD64=v3"])
        #expect(try bench.contents(pack.path).sources[0].environment.origins == origins)
        let warnings = pack.report.warnings.filter { $0.code == .packageOrigins }
        #expect(warnings.count == 1)
        #expect(warnings.first?.message.contains("`go1.27.3 linux/amd64 GOAMD64=v1`") == true)
        #expect(warnings.first?.message.contains("`go1.25.5 linux/amd64`") == true)
    }

    @Test("nothing where a package is of the recorded toolchain and target, as in a cross build")
    func crossBuild() async throws {
        var model = CacheModel()
        model.addPair("tool", Self.package(Self.lines[0], "tool"))
        for number in 0...5 { model.addPair("\(number)", Self.package(Self.lines[1], "\(number)")) }
        let pack = try await bench.pack(model, to: "pack") {
            $0.environment = GoEnvironment(
                variables: ["GOVERSION": "go1.27.3", "GOOS": "linux", "GOARCH": "amd64", "GOAMD64": "v1"]
            )
        }
        #expect(pack.report.environment.origins.map(\.packages) == [6, 1])
        #expect(!pack.report.warnings.contains { $0.code == .packageOrigins })
    }

    @Test("another level of the architecture than the packages have")
    func level() async throws {
        var model = CacheModel()
        model.addPair("a", Self.package(Self.lines[0], "a"))
        let pack = try await bench.pack(model, to: "pack") {
            $0.environment = GoEnvironment(
                variables: ["GOVERSION": "go1.27.3", "GOOS": "linux", "GOARCH": "amd64", "GOAMD64": "v3"]
            )
        }
        #expect(pack.report.warnings.contains { $0.code == .packageOrigins })
    }

    @Test(
        "no other level where the packages state in more words what the variable implies",
        arguments: [
            ("arm", "GOARM", "7", "7,hardfloat"), ("arm", "GOARM", "5", "5,softfloat"),
            ("arm64", "GOARM64", "v8.1", "v8.1,lse"), ("arm64", "GOARM64", "v9.0", "v9.0,lse"),
        ]
    )
    func implied(architecture: String, name: String, value: String, stated: String) async throws {
        var model = CacheModel()
        let line = "go object linux \(architecture) go1.25.5 \(name)=\(stated) X:regabiwrappers"
        model.addPair("a", Self.package(line, "a"))
        for (value, warns) in [(value, false), ("\(value),other", true)] {
            let pack = try await bench.pack(model, to: "pack \(warns)") {
                $0.environment = GoEnvironment(
                    variables: [
                        "GOVERSION": "go1.25.5", "GOOS": "linux", "GOARCH": architecture, name: value,
                    ]
                )
            }
            let found = pack.report.warnings.filter { $0.code == .packageOrigins }
            #expect(found.isEmpty != warns)
            #expect(found.allSatisfy { $0.message.hasPrefix("1 compiled package states") })
        }
    }

    @Test("the origins of only those packages that are packed, and none without packages")
    func dropped() async throws {
        var model = CacheModel()
        model.addPair("main", Self.package(Self.lines[0], "main", program: true))
        model.addPair("text", Array("text".utf8))
        let pack = try await bench.pack(model, to: "pack") { $0.dropped = [.main] }
        #expect(pack.report.environment.origins.isEmpty)
        #expect(!pack.report.environment.isKnown)
    }

    @Test("that fuzz corpora are the user's data, with the number of files, and that they are not packed")
    func fuzz() async throws {
        var model = CacheModel()
        model.addPair("one", [1])
        for name in ["FuzzA/1", "FuzzA/2", "FuzzB/1"] {
            model.files["build/fuzz/example.com/m/\(name)"] = CacheModel.Entry(bytes: [1], mode: 0o644)
        }
        let pack = try await bench.pack(model, to: "pack") { $0.isStrict = true }
        #expect(pack.report.leftOut.filter { $0.reason == .fuzzCorpus }.count == 1)
        let warning = pack.report.warnings.first { $0.code == .fuzzCorpus }
        #expect(
            warning?.message.contains("3 files of fuzz corpora") == true,
            "\(String(describing: warning))"
        )
        try Files.makeDirectory(bench.path("empty/build/fuzz/x"))
        var caches = bench.caches("empty")
        caches.moduleCache = nil
        let empty = try await bench.pack(caches, to: "none")
        #expect(!empty.report.warnings.contains { $0.code == .fuzzCorpus })
    }
}
