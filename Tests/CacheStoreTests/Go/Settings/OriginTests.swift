import Testing

@testable import CacheStore

/// Returns an origin on linux/amd64 with Go 1.25.5, or with the changes that a test needs.
private func origin(
    _ packages: Int = 10,
    _ target: String = "linux amd64 go1.25.5 GOAMD64=v1",
    on experiments: String = "regabi,dwarf5"
) throws -> PackageOrigin {
    try #require(PackageOrigin(header: "go object \(target) X:\(experiments)", packages: packages))
}

private func source(_ label: String, _ origins: PackageOrigin..., recording: [String: String] = [:])
    -> Source
{
    // `pack` ran elsewhere than the builds, and asked another toolchain.
    let asked = ["GOVERSION": "go1.19", "GOOS": "plan9", "GOARCH": "386", "GO386": "sse2"]
    var environment = GoEnvironment(variables: asked.merging(recording) { $1 })
    if !origins.isEmpty { environment.origins = origins }
    return Source(label: label, environment: environment, digest: ContentHasher().finish())
}

@Suite("What built the packages of a source")
struct OriginTests {
    /// Returns the environment of builds here, with the origin that the assembler states.
    private func here(_ changes: [String: String] = [:], _ origin: PackageOrigin? = nil) -> GoEnvironment {
        let variables = ["GOVERSION": "go1.25.5", "GOOS": "linux", "GOARCH": "amd64", "GOAMD64": "v1"]
        var environment = GoEnvironment(variables: variables.merging(changes) { $1 })
        environment.origin = origin
        return environment
    }

    private func found(_ source: Source, _ here: GoEnvironment) -> [String] {
        Compatibility.findings(for: [source], at: here).map {
            "\($0.setting) \($0.recorded.map(\.value).joined()) \($0.here ?? "-")"
        }
    }

    @Test("are not counted where an archive states more of them than there can be")
    func counts() throws {
        let header = try origin().header
        let lines = ["\(Int.max) \(header)", "1073741825 \(header)", "0 \(header)", "7 \(header)"]
        let environment = GoEnvironment(variables: ["PACKAGE_ORIGINS": lines.joined(separator: "\n")])
        #expect(environment.origins.map(\.packages) == [7])
    }

    @Test("decides for thousands of sources in seconds, each with an origin of its own or none")
    func many() throws {
        let sources = try (0..<3000).map { number in
            let own = try origin(1, "linux amd64 go1.\(number) GOAMD64=v1")
            return number.isMultiple(of: 2) ? source("s\(number)", own) : source("s\(number)")
        }
        let clock = ContinuousClock()
        let begin = clock.now
        let warnings = Compatibility.warnings(among: sources)
        #expect(warnings.contains { $0.code == .goVersion })
        let findings = Compatibility.findings(for: sources, at: here())
        #expect(Doctor.predictions(sources, findings).values.allSatisfy { $0 == .nothingHits })
        #expect(clock.now - begin < .seconds(60))
    }

    @Test("decides, whatever toolchain and target pack asked about")
    func toolchain() throws {
        let other = try origin(10, "linux amd64 go1.27.3 GOAMD64=v1")
        #expect(found(source("a", try origin()), here()) == [])
        #expect(found(source("a", try origin()), here([:], try origin())) == [])
        #expect(found(source("a", other), here([:], try origin())) == ["GOVERSION go1.27.3 go1.25.5"])
        #expect(found(source("a", other), here(["GOVERSION": "go1.27.3"], other)) == [])
        // The recorded GOROOT is that of the toolchain that pack asked.
        let asked = source("a", other, recording: ["GOROOT": "/go/1.19"])
        #expect(found(asked, here(["GOVERSION": "go1.27.3", "GOROOT": "/go/1.27.3"], other)) == [])
        let arm = try origin(10, "linux arm64 go1.25.5 GOARM64=v8.0")
        #expect(found(source("a", arm), here([:], try origin())) == ["GOARCH arm64 amd64"])
        let mac = try origin(10, "darwin amd64 go1.25.5 GOAMD64=v1")
        #expect(found(source("a", mac), here([:], try origin())) == ["GOOS darwin linux"])
        let strong = try origin(10, "linux amd64 go1.25.5 GOAMD64=v3")
        #expect(found(source("a", strong), here([:], try origin())) == ["GOAMD64 v3 v1"])
        let development = try origin(10, "linux amd64 devel go1.26-0123abcd Mon Jan 5 GOAMD64=v1")
        #expect(found(source("a", development), here(["GOVERSION": development.version], development)) == [])
        #expect(found(source("a", development), here()).count == 1)
    }

    @Test("serves builds here if one of several origins does, and otherwise is told by the nearest")
    func several() throws {
        let (arm, new) = (
            try origin(300, "linux arm64 go1.25.5 GOARM64=v8.0"),
            try origin(200, "linux amd64 go1.27.3 GOAMD64=v1")
        )
        #expect(found(source("a", arm, try origin(3)), here([:], try origin())) == [])
        #expect(found(source("a", arm, new), here([:], try origin())) == ["GOARCH arm64 amd64"])
        let both = try origin(400, "linux arm64 go1.27.3 GOARM64=v8.0")
        #expect(found(source("a", both, new), here([:], try origin())) == ["GOVERSION go1.27.3 go1.25.5"])
    }

    @Test("tells experiments by the value that would give them here")
    func experiments() throws {
        let plain = try origin()
        func words(_ on: String, _ here: String, _ value: String = "") throws -> [String] {
            found(
                source("a", try origin(10, on: on)),
                self.here(["GOEXPERIMENT": value], try origin(1, on: here))
            )
        }
        #expect(try words("regabi,dwarf5", "regabi,dwarf5") == [])
        #expect(try words("dwarf5,regabi", "regabi,dwarf5") == [])
        #expect(try words("regabi,dwarf5,jsonv2", "regabi,dwarf5") == ["GOEXPERIMENT jsonv2 "])
        #expect(try words("regabi", "regabi,dwarf5") == ["GOEXPERIMENT nodwarf5 "])
        #expect(try words("regabi,dwarf5", "regabi", "nodwarf5") == ["GOEXPERIMENT  nodwarf5"])
        #expect(try words("regabi,dwarf5", "regabi,dwarf5,a", "a") == ["GOEXPERIMENT  a"])
        // Where Go does not tell what is on here, nothing is said of experiments.
        #expect(found(source("a", try origin(10, on: "x")), here()) == [])
        #expect(found(source("a", plain), here(["GOEXPERIMENT": "x"])) == [])
    }

    @Test(
        "agrees with a level that Go states in more words, or not at all",
        arguments: [
            ("linux arm go1.25.5 GOARM=7,hardfloat", ["GOARCH": "arm", "GOARM": "7"], true),
            ("linux arm go1.25.5 GOARM=5,softfloat", ["GOARCH": "arm", "GOARM": "7"], false),
            ("linux arm64 go1.25.5 GOARM64=v9.0,lse", ["GOARCH": "arm64", "GOARM64": "v9.0"], true),
            ("linux arm64 go1.25.5", ["GOARCH": "arm64", "GOARM64": "v8.0"], true),
            ("linux riscv64 go1.25.5", ["GOARCH": "riscv64", "GORISCV64": "rva20u64"], true),
            ("wasip1 wasm go1.25.5", ["GOOS": "wasip1", "GOARCH": "wasm", "GOWASM": ""], true),
        ]
    )
    func levels(target: String, changes: [String: String], agrees: Bool) throws {
        #expect(found(source("a", try origin(10, target)), here(changes)).isEmpty == agrees)
    }

    @Test(
        "differs by the level that was recorded where the packages do not state one, as real keys do",
        arguments: [
            // Target of the packages, recorded and here, and whether the packages serve builds here.
            ("js wasm go1.27.3", ["GOWASM": ""], ["GOWASM": "satconv,signext"], false),
            ("js wasm go1.27.3", ["GOWASM": "satconv"], ["GOWASM": "satconv"], true),
            ("js wasm go1.27.3", ["GOWASM": "satconv"], ["GOWASM": ""], false),
            ("js wasm go1.26.6", ["GOWASM": "satconv"], ["GOWASM": "signext"], false),
            ("wasip1 wasm go1.25.5", ["GOWASM": ""], ["GOWASM": "satconv"], false),
            // Before Go 1.26, packages state any value, so this one was recorded elsewhere.
            ("wasip1 wasm go1.25.5", ["GOWASM": "satconv"], ["GOWASM": ""], true),
            ("wasip1 wasm go1.21.13 GOWASM=satconv", ["GOWASM": ""], ["GOWASM": "satconv"], true),
            ("linux riscv64 go1.25.5", [:], ["GORISCV64": "rva22u64"], false),
            ("linux riscv64 go1.25.5", ["GORISCV64": "rva22u64"], ["GORISCV64": "rva20u64"], false),
            ("linux riscv64 go1.23.9", ["GORISCV64": "rva22u64"], ["GORISCV64": "rva22u64"], true),
            ("linux riscv64 go1.27.3 GORISCV64=rva22u64", [:], ["GORISCV64": "rva22u64"], true),
            ("linux riscv64 go1.27.3 GORISCV64=rva23u64", [:], ["GORISCV64": "rva22u64"], false),
            // Releases that do not know a variable ignore it.
            ("linux riscv64 go1.21.13", ["GORISCV64": "rva22u64"], ["GORISCV64": "rva20u64"], true),
            ("linux arm64 go1.22.10", ["GOARM64": "v9.0"], ["GOARM64": "v8.0"], true),
            // Keys hold a value as it was given.
            ("linux arm go1.25.5 GOARM=7,hardfloat", ["GOARM": "7"], ["GOARM": "7,hardfloat"], false),
            ("linux arm go1.25.5 GOARM=7,hardfloat", ["GOARM": "7"], ["GOARM": "7"], true),
            ("linux arm go1.25.5 GOARM=7,hardfloat", ["GOARM": "5"], ["GOARM": "7"], true),
            ("linux arm64 go1.25.5 GOARM64=v9.0,lse", ["GOARM64": "v9.0"], ["GOARM64": "v9.0,lse"], false),
            ("linux arm64 go1.25.5 GOARM64=v8.1,lse", ["GOARM64": "v8.1"], ["GOARM64": "v8.1,lse"], false),
            (
                "linux arm64 go1.27.3 GOARM64=v8.5,lse,crypto", ["GOARM64": "v8.5,crypto"],
                ["GOARM64": "v8.5,crypto"], true
            ),
            (
                "linux arm64 go1.27.3 GOARM64=v8.5,lse,crypto", ["GOARM64": "v8.5,crypto"],
                ["GOARM64": "v8.5,lse,crypto"], false
            ),
            ("linux arm64 go1.25.5 GOARM64=v8.0,lse", ["GOARM64": "v8.0"], ["GOARM64": "v8.0"], false),
            ("linux mips go1.25.5 GOMIPS=softfloat", [:], ["GOMIPS": "hardfloat"], false),
            ("linux mips64le go1.21.13 GOMIPS64=softfloat", [:], ["GOMIPS64": "softfloat"], true),
            ("linux 386 go1.27.3 GO386=softfloat", ["GO386": "sse2"], ["GO386": "sse2"], false),
            ("linux ppc64le go1.21.13 GOPPC64=power9", [:], ["GOPPC64": "power8"], false),
            ("linux amd64 go1.27.3 GOAMD64=v3", ["GOAMD64": "v1"], ["GOAMD64": "v3"], true),
        ]
    )
    func unstatedLevels(
        target: String,
        recorded: [String: String],
        changes: [String: String],
        serves: Bool
    ) throws {
        let words = target.split(separator: " ").map(String.init)
        let there = ["GOOS": words[0], "GOARCH": words[1], "GOVERSION": words[2], "GOAMD64": ""]
        let job = source("a", try origin(10, target), recording: recorded)
        let here = here(there.merging(changes) { $1 })
        #expect(found(job, here).count == (serves ? 0 : 1))
        #expect(job.packages(serving: here) == (serves ? 10 : 0))
    }

    @Test("is told apart between sources by levels that packages do not state")
    func amongLevels() throws {
        let wasm = try origin(10, "js wasm go1.27.3")
        let sources = [
            source("a", wasm, recording: ["GOWASM": "satconv"]), source("b", wasm),
        ]
        let messages = Compatibility.warnings(among: sources).map(\.message)
        #expect(messages.count == 1)
        #expect(messages.first?.hasPrefix("the sources differ in GOWASM: not set (b), `satconv` (a)") == true)
        #expect(Compatibility.warnings(among: [sources[0], sources[0]]).isEmpty)
    }

    @Test("is as `go env` said where no origins are recorded")
    func unknown() {
        #expect(found(source("a"), here()).first == "GOVERSION go1.19 go1.25.5")
        #expect(source("a").packages(serving: here()) == nil)
    }

    @Test("is no difference between sources that all serve one build, but is where no build suits all")
    func among() throws {
        let new = try origin(500, "linux amd64 go1.27.3 GOAMD64=v1", on: "jsonv2")
        let arm = try origin(10, "linux arm64 go1.25.5 GOARM64=v8.0")
        func messages(_ sources: Source...) -> [String] {
            Compatibility.warnings(among: sources).map { String($0.message.prefix { $0 != ";" }) }
        }
        #expect(messages(source("a", new, try origin(3)), source("b", try origin(9), arm)) == [])
        #expect(
            messages(source("a", new), source("b", try origin())) == [
                "the sources differ in GOVERSION: `go1.25.5` (b), `go1.27.3` (a)"
            ]
        )
        #expect(
            messages(source("a", arm), source("b", try origin())) == [
                "the sources differ in GOARCH: `amd64` (b), `arm64` (a)"
            ]
        )
        #expect(
            messages(source("a", try origin()), source("b", try origin(9, on: "regabi,dwarf5,jsonv2"))) == [
                "the sources differ in GOEXPERIMENT: not set (a), `jsonv2` (b)"
            ]
        )
        // Each pair has an origin in common, but all three have none.
        let (first, second) = (source("a", new, arm), source("b", new, try origin()))
        #expect(messages(first, second) == [])
        #expect(messages(first, second, source("c", arm, try origin())).count == 1)
        let old = source(
            "old",
            recording: ["GOVERSION": "go1.25.5", "GOOS": "linux", "GOARCH": "amd64", "GOAMD64": "v1"]
        )
        #expect(messages(old, source("a", new, try origin(3))) == [])
        #expect(messages(old, source("a", new)).count == 1)
    }

    @Test("is a note of the doctor where only some packages serve builds here, and no loss")
    func share() throws {
        let sources = [
            source("a", try origin(27), try origin(273, "linux arm64 go1.25.5 GOARM64=v8.0")),
            source("b", try origin(5)),
        ]
        let findings = Doctor.findings(sources, holders: sources, here([:], try origin()))
        let finding = try #require(findings.first { $0.code == .packageOrigins })
        #expect(finding.severity == .note)
        #expect(finding.recorded.map(\.value) == ["27 of 300 packages"])
        #expect(finding.sources == ["a"])
        #expect(finding.here == "go1.25.5 linux/amd64")
        #expect(Doctor.predictions(sources, findings) == ["a": .hits, "b": .hits])
    }

    @Test("is read back origin by origin, even if one ends in a carriage return")
    func carriageReturn() throws {
        let headers = ["go object linux amd64 go1.24.0 X:a\r", "go object linux amd64 go1.25.5 X:b"]
        let origins = try headers.map { try #require(PackageOrigin(header: $0)) }
        var environment = GoEnvironment(variables: ["GOOS": "linux"])
        environment.origins = origins
        #expect(Set(environment.origins.map(\.header)) == Set(origins.map(\.header)))
        #expect(environment.origins.count == 2)
    }
}
