import SystemPackage
import Testing

@testable import CacheStore

@Suite("The key of a job")
struct KeySettingsTests {
    private let bench: Workbench

    init() throws { bench = try Workbench() }

    private static let job = [
        "GOVERSION": "go1.25.5", "GOOS": "linux", "GOARCH": "amd64", "GOAMD64": "v1", "CGO_ENABLED": "1",
        "CC": "gcc", "CC_VERSION": "gcc 12", "CXX": "g++", "FC": "gfortran", "CGO_CFLAGS": "-O2 -g",
        "GOMODCACHE": "/go/pkg/mod", "GOROOT": "/usr/local/go", "OS_RELEASE": "Debian GNU/Linux 12",
    ]

    private func report(
        _ changes: [String: String] = [:],
        checkout: FilePath = "/src",
        sums: String = "a v1.0.0 h1:x"
    ) throws -> JobKey.Report {
        try Files.write(Array(sums.utf8), to: bench.path("checkout/go.sum"))
        let environment = GoEnvironment(variables: Self.job.merging(changes) { $1 })
        return JobKey.Report(
            prefix: "go",
            environment: environment,
            settings: KeySettings(environment, checkout: checkout).values,
            sums: try CheckoutSums(of: bench.path("checkout"), BuildModules(), apartFrom: [])
        )
    }

    @Test(
        "changes with each setting on which entries depend",
        arguments: [
            ["GOVERSION": "go1.25.6"], ["GOOS": "darwin"], ["GOARCH": "arm64"], ["GOAMD64": "v3"],
            ["GOEXPERIMENT": "greenteagc"], ["GOFIPS140": "v1.0.0"], ["CGO_ENABLED": "0"], ["CC": "clang"],
            ["CC_VERSION": "gcc 13"], ["CGO_CFLAGS": "-O1"], ["CGO_LDFLAGS": "-lm"], ["CXX": "clang++"],
            ["GOMODCACHE": "/mod"], ["OS_RELEASE": "Ubuntu 24.04"], ["GOFLAGS": "-trimpath"],
            ["GOFLAGS": "-race"], ["GOFLAGS": "-buildmode=pie"], ["GOFLAGS": "-gcflags=all=-N"],
            ["GOFLAGS": "-tags=a"], ["GOFLAGS": "-cover"], ["GOFLAGS": "-pgo=off"],
            ["GOFLAGS": "-toolexec=x"],
            ["GOFLAGS": "-ldflags=-s"],
        ]
    )
    func decisive(change: [String: String]) throws {
        #expect(try report(change).key != report().key)
        #expect(try report(change).sumsDigest == report().sumsDigest)
    }

    @Test(
        "does not change with others, nor with another way to write a value",
        arguments: [
            ["GOFLAGS": "-v"], ["GOFLAGS": "-mod=mod -modcacherw -p=2"], ["GOFLAGS": "-a"],
            ["GOPROXY": "off"],
            ["GOROOT": "/opt/go"], ["GOAMD64": ""], ["GOARM64": "v9.0"], ["GOFIPS140": "off"],
            ["CC": " gcc  "], ["GOFLAGS": "-trimpath=false"], ["GOFLAGS": "-buildmode=exe"],
        ]
    )
    func harmless(change: [String: String]) throws {
        #expect(try report(change).key == report().key)
    }

    @Test("depends on the compiler and the distribution only with cgo, and on paths only without -trimpath")
    func relevance() throws {
        let pure = ["CGO_ENABLED": "0"]
        for change in [["CC": "clang"], ["CC_VERSION": "gcc 13"], ["OS_RELEASE": "Ubuntu"]] {
            #expect(try report(pure.merging(change) { $1 }).key == report(pure).key)
        }
        #expect(try report(checkout: "/other").key != report().key)
        let trimmed = pure.merging(["GOFLAGS": "-trimpath"]) { $1 }
        #expect(try report(trimmed, checkout: "/other").key == report(trimmed).key)
        #expect(try report(trimmed.merging(["GOMODCACHE": "/mod"]) { $1 }).key == report(trimmed).key)
    }

    @Test("has fallbacks that begin it, the nearest first, and that outlive other modules and settings")
    func fallbacks() throws {
        let report = try report()
        #expect(report.key.hasPrefix("go-linux-amd64-go1.25.5-"))
        #expect(report.fallbacks.count == 2)
        #expect(report.fallbacks.allSatisfy { report.key.hasPrefix($0) && $0.hasSuffix("-") })
        #expect(report.fallbacks[0].count > report.fallbacks[1].count)
        #expect(report.fallbacks[1] == "go-linux-amd64-go1.25.5-")
        let bumped = try self.report(sums: "a v1.1.0 h1:y")
        #expect(bumped.key != report.key)
        #expect(bumped.fallbacks == report.fallbacks)
        let other = try self.report(["GOAMD64": "v3"])
        #expect(other.fallbacks[0] != report.fallbacks[0] && other.fallbacks[1] == report.fallbacks[1])
    }

    @Test("has only characters that names of files and caches may have")
    func characters() throws {
        let key = try report(["GOVERSION": "devel go1.26-0a1b2c Thu Nov 20, 2026 X:nodwarf5"]).key
        #expect(key.hasPrefix("go-linux-amd64-devel_go1.26-0a1b2c_Thu_Nov_20__2026_X_nodwarf5-"))
    }

    @Test("stays the same from release to release")
    func pinned() throws {
        #expect(try report().key == "go-linux-amd64-go1.25.5-acace1a549ed-8f05073c7220cef5")
    }

    @Test("needs a prefix that may stand in a key, and a directory", arguments: ["", "a b", "a,b", "-x"])
    func refusals(prefix: String) async throws {
        var options = JobKey.Options()
        options.prefix = prefix
        let error = await failure { try await JobKey(options: options).run(in: bench.root) }
        #expect(error?.code == .badArgument)
        #expect(error?.remedy == .chooseKeyPrefix)
        if prefix.isEmpty { #expect(error?.message.contains("``") == false) }
        let missing = await failure { try await JobKey().run(in: bench.path("absent")) }
        #expect(missing?.code == .notFound)
        #expect(missing?.path == bench.path("absent"))
    }
}
