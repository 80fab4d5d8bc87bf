import Testing

@testable import CacheStore

/// Returns the environment of a job on linux/amd64 with cgo, with the changes that a test needs.
private func environment(_ changes: [String: String] = [:]) -> GoEnvironment {
    let job = [
        "GOVERSION": "go1.25.5", "GOOS": "linux", "GOARCH": "amd64", "GOAMD64": "v1", "CGO_ENABLED": "1",
        "CC": "gcc", "CC_VERSION": "gcc (Debian 12.2.0-14) 12.2.0", "CXX": "g++", "CGO_CFLAGS": "-O2 -g",
        "GOMODCACHE": "/go/pkg/mod", "GOROOT": "/usr/local/go",
        "OS_RELEASE": "Debian GNU/Linux 12 (bookworm)",
    ]
    return GoEnvironment(variables: job.merging(changes) { $1 })
}

private func source(_ label: String = "job", _ changes: [String: String] = [:]) -> Source {
    Source(label: label, environment: environment(changes), digest: ObjectID(hashing: label))
}

extension ObjectID {
    /// Creates a digest that depends on `text`.
    fileprivate init(hashing text: String) { self = ContentHasher.hash(Array(text.utf8).span) }
}

@Suite("The table of settings")
struct SettingTests {
    /// A difference between a job and the local environment, with the expected findings.
    struct Row: Sendable, CustomTestStringConvertible {
        var job: [String: String]
        var here: [String: String]
        /// The settings with their severities; empty if the difference does no harm.
        var found: [String]

        init(_ job: [String: String], _ here: [String: String], _ found: String...) {
            (self.job, self.here, self.found) = (job, here, found)
        }

        var testDescription: String { "\(job) \(here)" }
    }

    private static let targets = [
        Row([:], [:]),
        Row([:], ["GOVERSION": "go1.25.6"], "GOVERSION nothingHits"),
        Row([:], ["GOOS": "darwin"], "GOOS nothingHits"),
        Row([:], ["GOARCH": "arm64", "GOARM64": "v8.0"], "GOARCH nothingHits"),
        Row([:], ["GOAMD64": "v3"], "GOAMD64 nothingHits"),
        Row(["GOAMD64": ""], [:]),
        Row([:], ["GOARM64": "v9.0", "GO386": "softfloat"]),
        Row(
            ["GOARCH": "arm64", "GOARM64": "v8.0"],
            ["GOARCH": "arm64", "GOARM64": "v9.0"],
            "GOARM64 nothingHits"
        ),
        Row(["GOARCH": "arm"], ["GOARCH": "arm", "GOARM": "7"]),
        Row(["GOARCH": "riscv64"], ["GOARCH": "riscv64", "GORISCV64": "rva22u64"], "GORISCV64 nothingHits"),
        Row(["GOARCH": "mipsle"], ["GOARCH": "mipsle", "GOMIPS": "softfloat"], "GOMIPS nothingHits"),
        Row(["GOARCH": "mips64"], ["GOARCH": "mips64", "GOMIPS64": "softfloat"], "GOMIPS64 nothingHits"),
        Row(["GOARCH": "ppc64le"], ["GOARCH": "ppc64le", "GOPPC64": "power10"], "GOPPC64 nothingHits"),
        Row(["GOARCH": "wasm"], ["GOARCH": "wasm", "GOWASM": "satconv"], "GOWASM nothingHits"),
        Row(["GOARCH": "386"], ["GOARCH": "386", "GO386": "softfloat"], "GO386 nothingHits"),
        Row([:], ["GOEXPERIMENT": "jsonv2"], "GOEXPERIMENT nothingHits"),
        Row(["GOEXPERIMENT": "a,b"], ["GOEXPERIMENT": "b,a"]),
        Row([:], ["GOFIPS140": "latest"], "GOFIPS140 someMiss"),
        Row([:], ["GOFIPS140": "off"]),
    ]

    private static let flags = [
        Row([:], ["GOFLAGS": "-trimpath"], "GOFLAGS -trimpath nothingHits"),
        Row([:], ["GOFLAGS": "-race"], "GOFLAGS -race nothingHits"),
        Row([:], ["GOFLAGS": "-race=false -msan=0"]),
        Row([:], ["GOFLAGS": "-msan"], "GOFLAGS -msan nothingHits"),
        Row([:], ["GOFLAGS": "-asan"], "GOFLAGS -asan nothingHits"),
        Row([:], ["GOFLAGS": "-linkshared"], "GOFLAGS -linkshared nothingHits"),
        Row([:], ["GOFLAGS": "-buildmode=pie"], "GOFLAGS -buildmode nothingHits"),
        Row([:], ["GOFLAGS": "-buildmode=exe -compiler=gc -pgo=auto -buildvcs=auto -mod=readonly"]),
        Row([:], ["GOFLAGS": "-compiler=gccgo"], "GOFLAGS -compiler nothingHits"),
        Row([:], ["GOFLAGS": "'-gcflags=all=-N -l'"], "GOFLAGS -gcflags=all= nothingHits"),
        Row([:], ["GOFLAGS": "-gcflags=-N"], "GOFLAGS -gcflags someMiss"),
        Row([:], ["GOFLAGS": "-asmflags=all=-D=X"], "GOFLAGS -asmflags=all= nothingHits"),
        Row([:], ["GOFLAGS": "-asmflags=-D=X"], "GOFLAGS -asmflags someMiss"),
        Row([:], ["GOFLAGS": "-ldflags=-s"], "GOFLAGS -ldflags someMiss"),
        Row(["GOFLAGS": "-tags=a"], ["GOFLAGS": "-tags=b"], "GOFLAGS -tags someMiss"),
        Row(["GOFLAGS": "-tags=a,b"], ["GOFLAGS": "-tags=b,a,a"]),
        Row([:], ["GOFLAGS": "-cover"], "GOFLAGS -cover someMiss"),
        Row([:], ["GOFLAGS": "-covermode=atomic"], "GOFLAGS -cover someMiss"),
        Row([:], ["GOFLAGS": "-pgo=off"], "GOFLAGS -pgo someMiss"),
        Row([:], ["GOFLAGS": "-mod=vendor"], "GOFLAGS -mod someMiss"),
        Row([:], ["GOFLAGS": "-mod=mod -p=3 -v -x -modcacherw -count=1 -timeout=9s"]),
        Row([:], ["GOFLAGS": "-buildvcs=false"], "GOFLAGS -buildvcs note"),
        Row([:], ["GOFLAGS": "-overlay=/x.json"], "GOFLAGS (others) note"),
        Row(["GOFLAGS": "-race -trimpath"], ["GOFLAGS": "-v --trimpath=true -race"]),
    ]

    private static let places = [
        Row([:], ["CGO_ENABLED": "0"], "CGO_ENABLED someMiss"),
        Row(
            [:],
            ["CGO_ENABLED": "0", "CC": "clang", "CC_VERSION": "", "OS_RELEASE": ""],
            "CGO_ENABLED someMiss"
        ),
        Row([:], ["CC": "/usr/bin/gcc"], "CC someMiss"),
        Row([:], ["CC": " gcc "]),
        Row(["CGO_ENABLED": "0"], ["CGO_ENABLED": "0", "CC": "clang", "CGO_CFLAGS": "-O1"]),
        Row([:], ["CC_VERSION": "gcc 13"], "CC_VERSION someMiss"),
        Row([:], ["CXX": "clang++"], "CXX someMiss"),
        Row(["FC": "gfortran"], ["FC": "flang"], "FC someMiss"),
        Row([:], ["CGO_CFLAGS": "-O1"], "CGO_CFLAGS someMiss"),
        Row([:], ["CGO_CPPFLAGS": "-I/x"], "CGO_CPPFLAGS someMiss"),
        Row([:], ["CGO_CXXFLAGS": "-O1"], "CGO_CXXFLAGS someMiss"),
        Row([:], ["CGO_FFLAGS": "-O1"], "CGO_FFLAGS someMiss"),
        Row([:], ["CGO_LDFLAGS": "-lx"], "CGO_LDFLAGS someMiss"),
        Row([:], ["GOMODCACHE": "/m"], "GOMODCACHE someMiss"),
        Row([:], ["GOMODCACHE": "/go/../go/./pkg//mod/"]),
        Row(["GOMODCACHE": "/../go/pkg/mod/x/.."], [:]),
        Row([:], ["GOMODCACHE": "/go/pkg/mod/.."], "GOMODCACHE someMiss"),
        Row(["GOFLAGS": "-trimpath"], ["GOFLAGS": "-trimpath", "GOMODCACHE": "/m"], "GOMODCACHE note"),
        Row(
            ["GOFLAGS": "-trimpath", "CGO_ENABLED": "0"],
            ["GOFLAGS": "-trimpath", "CGO_ENABLED": "0", "GOMODCACHE": "/m"]
        ),
        Row(
            ["GOFLAGS": "-trimpath"],
            ["GOMODCACHE": "/m"],
            "GOFLAGS -trimpath nothingHits",
            "GOMODCACHE someMiss"
        ),
        Row(["GOFLAGS": "-mod=vendor"], ["GOFLAGS": "-mod=vendor", "GOMODCACHE": "/m"]),
        Row([:], ["GOROOT": "/opt/go"], "GOROOT note"),
        Row([:], ["OS_RELEASE": "Alpine Linux v3.20"], "OS_RELEASE note"),
    ]

    private func found(_ job: [String: String], _ here: [String: String]) -> [String] {
        Compatibility.findings(for: [source("job", job)], at: environment(here)).map {
            "\($0.setting) \($0.severity.rawValue)"
        }
    }

    @Test(
        "says what each difference costs, whichever side has which value",
        arguments: targets + flags + places
    )
    func rows(row: Row) {
        #expect(found(row.job, row.here) == row.found)
        #expect(found(row.here, row.job) == row.found)
    }

    @Test("gives each finding a loss and a mend that names a value of one side")
    func words() throws {
        for row in Self.targets + Self.flags + Self.places {
            for finding in Compatibility.findings(for: [source("job", row.job)], at: environment(row.here)) {
                let values = [finding.recorded.first?.value, finding.here].compactMap(\.self).filter {
                    !$0.isEmpty
                }
                #expect(values.contains { finding.mend.contains($0) }, "\(finding)")
                #expect(finding.loss.count > 10 && !finding.loss.hasSuffix("."), "\(finding)")
                #expect(finding.sources == ["job"])
            }
        }
    }

    @Test("says that everything is compiled again where GOFLAGS here has -a, whatever the jobs had")
    func rebuilding() {
        #expect(found([:], ["GOFLAGS": "-a"]) == ["GOFLAGS -a nothingHits"])
        #expect(found(["GOFLAGS": "-a"], ["GOFLAGS": "-a"]) == ["GOFLAGS -a nothingHits"])
        #expect(found(["GOFLAGS": "-a"], [:]) == [])
        #expect(Compatibility.warnings(among: [source("a"), source("b", ["GOFLAGS": "-a"])]).isEmpty)
    }

    @Test("has a row for every name that is recorded")
    func complete() {
        let names = Set(Setting.all.map(\.name))
        for name in GoEnvironment.recordedNames + ["CC_VERSION", GoEnvironment.distribution]
        where name != "GOFLAGS" {
            #expect(names.contains(name), "\(name)")
        }
        #expect(names.contains { $0.hasPrefix("GOFLAGS ") })
    }

    @Test("compares nothing with what is not known")
    func unknown() {
        let nothing = Source(label: "x", environment: GoEnvironment(), digest: ObjectID(hashing: "x"))
        #expect(Compatibility.findings(for: [nothing], at: environment()).isEmpty)
        #expect(Compatibility.findings(for: [source()], at: GoEnvironment()).isEmpty)
        let place = GoEnvironment(variables: ["GOMODCACHE": "/elsewhere"])
        #expect(Compatibility.findings(for: [source()], at: place).map(\.setting) == ["GOMODCACHE"])
    }

    @Test("groups the sources that have one value, and leaves out those that have the local value")
    func groups() throws {
        let sources = [
            source("a", ["GOVERSION": "go1.24.9"]), source("b"), source("c", ["GOVERSION": "go1.24.9"]),
            source("d", ["GOVERSION": "go1.23.1"]),
        ]
        let finding = try #require(Compatibility.findings(for: sources, at: environment()).first)
        #expect(finding.recorded.map(\.value) == ["go1.23.1", "go1.24.9"])
        #expect(finding.recorded.map(\.sources) == [["d"], ["a", "c"]])
        #expect(finding.sources == ["a", "c", "d"])
        #expect(finding.values == "`go1.23.1` (d), `go1.24.9` (a, c), here `go1.25.5`")
    }
}

@Suite("A warning of what will miss")
struct CompatibilityTests {
    @Test("comes once for each setting in which sources differ, and for no note")
    func among() {
        let sources = [
            source("a"), source("b", ["GOFLAGS": "-race -v", "GOROOT": "/x", "CC": "clang"]),
            Source(label: "c", environment: GoEnvironment(), digest: ObjectID(hashing: "c")),
        ]
        let warnings = Compatibility.warnings(among: sources)
        #expect(warnings.map(\.code) == [.goSettings, .goSettings])
        #expect(
            warnings.first?.message
                == "the sources differ in GOFLAGS: without `-race` (a), `-race` (b); "
                + "it is in the key of every package: everything is compiled again"
        )
        #expect(Compatibility.warnings(among: [source("a"), source("b")]).isEmpty)
    }

    @Test("comes for another distribution, because entries that cgo made hit there all the same")
    func distribution() {
        let other = ["OS_RELEASE": "Plan 9"]
        let among = Compatibility.warnings(among: [source("a"), source("b", other)])
        #expect(among.map(\.code) == [.distribution])
        let warnings = Compatibility.warnings(for: [source("a", other)], restoredTo: environment())
        #expect(warnings.map(\.code) == [.distribution])
        #expect(warnings.first?.message.contains("`Plan 9` (a)") == true)
    }

    @Test("comes for each setting that makes everything miss, for GOMODCACHE, and once for all others")
    func restored() {
        let here = environment([
            "GOVERSION": "go1.26.0", "GOAMD64": "v3", "GOMODCACHE": "/m", "CC": "clang", "CGO_CFLAGS": "-O1",
            "GOROOT": "/x",
        ])
        let warnings = Compatibility.warnings(for: [source()], restoredTo: here)
        #expect(warnings.map(\.code) == [.goVersion, .goSettings, .moduleCachePath, .goSettings])
        #expect(
            warnings.last?.message
                == "some packages will be compiled again, because of CC, CGO_CFLAGS"
        )
        #expect(warnings.last?.remedy == .diagnose)
        #expect(Compatibility.warnings(for: [source()], restoredTo: environment()).isEmpty)
    }
}

@Suite("The doctor's verdict")
struct PredictionTests {
    private func verdict(_ sources: [Source], _ here: GoEnvironment) -> Doctor.Report.Prediction {
        let findings = Doctor.findings(sources, holders: sources, here)
        return Doctor.prediction(Doctor.predictions(sources, findings))
    }

    private let old = source("old", ["GOVERSION": "go1.20"])
    private let unknown = Source(
        label: "unknown",
        environment: GoEnvironment(),
        digest: ObjectID(hashing: "unknown")
    )

    @Test("is that of all sources together")
    func together() {
        #expect(verdict([source("a"), source("b")], environment()) == .hits)
        #expect(verdict([source("a"), old], environment()) == .someMiss)
        #expect(verdict([old], environment()) == .nothingHits)
        #expect(verdict([old, old], environment()) == .nothingHits)
        #expect(verdict([source("a", ["CC": "clang"])], environment()) == .someMiss)
        #expect(verdict([unknown], environment()) == .unknown)
        #expect(verdict([source("a"), unknown], environment()) == .unknown)
        #expect(verdict([unknown, old], environment()) == .someMiss)
    }

    @Test("tells a restore that nothing hits only where no source can serve")
    func nothing() {
        let sdk = environment(["GOVERSION": "go1.26.0"])
        #expect(Compatibility.nothingHits(of: [old], at: environment()))
        #expect(Compatibility.nothingHits(of: [source("a"), old], at: sdk))
        #expect(!Compatibility.nothingHits(of: [source("a"), old], at: environment()))
        #expect(!Compatibility.nothingHits(of: [unknown, old], at: environment()))
        #expect(!Compatibility.nothingHits(of: [source("a", ["CC": "clang"])], at: environment()))
        #expect(!Compatibility.nothingHits(of: [old], at: GoEnvironment()))
        #expect(!Compatibility.nothingHits(of: [], at: environment()))
    }

    @Test("is that nothing hits where no source holds compiled packages")
    func empty() {
        let findings = Doctor.findings([source()], holders: [], environment())
        #expect(findings.map(\.code) == [.noEntries])
        #expect(Doctor.prediction([:]) == .nothingHits)
    }

    @Test(
        "notes paths without -trimpath, and headers where jobs with cgo recorded no distribution"
    )
    func notes() {
        func codes(_ job: [String: String], _ here: [String: String]) -> [Finding.Code] {
            let sources = [source("job", job)]
            return Doctor.findings(sources, holders: sources, environment(here)).map(\.code)
        }
        #expect(codes([:], [:]) == [.checkoutPath])
        #expect(codes(["GOFLAGS": "-trimpath"], ["GOFLAGS": "-trimpath"]) == [])
        #expect(codes(["OS_RELEASE": ""], [:]) == [.checkoutPath, .distribution])
        #expect(codes(["OS_RELEASE": "", "CGO_ENABLED": "0"], ["CGO_ENABLED": "0"]) == [.checkoutPath])
    }
}
