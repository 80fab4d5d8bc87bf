import SystemPackage
import Testing

@testable import CacheStore

/// Tests of the warnings about the environment that an image states.
@Suite("The environment of an image")
struct ImageEnvironmentTests {
    private let job = GoEnvironment(variables: [
        "GOVERSION": "go1.25.5", "GOOS": "linux", "GOARCH": "amd64", "GOAMD64": "v1", "CGO_ENABLED": "1",
        "CC": "gcc", "GOMODCACHE": "/m", "GOROOT": "/usr/local/go",
    ])

    /// Returns the warnings about an image upon a base with an environment, in which `/link` leads to `/var`.
    private func warnings(
        _ environment: [String],
        user: String? = nil,
        architecture: String = "amd64",
        configure: (inout Layers.Options) -> Void = { _ in }
    ) throws -> [Warning] {
        var options = Layers.Options()
        options.caches = GoCaches(buildCache: "/b", moduleCache: "/m")
        configure(&options)
        var settings: JSONValue = ["Env": .strings(environment)]
        if let user { settings["User"] = .string(user) }
        var tree = BaseTree()
        try tree.apply([
            TarEntry(path: "var", kind: .directory, mode: 0o755, owner: FileOwner()),
            TarEntry(path: "link", kind: .symbolicLink(to: "var"), mode: 0o777, owner: FileOwner()),
        ])
        let directories = try ImageDirectories(options, base: tree)
        return ImageEnvironment(options, base: ["config": settings])
            .warnings(
                [Source(label: "job", environment: job, digest: CacheModel.id("job"))],
                architecture,
                directories
            )
    }

    @Test(
        "that keeps entries from hitting is warned of, by each variable",
        arguments: [
            ("GOAMD64=v3", "GOAMD64"), ("GOFLAGS=-race", "without `-race`"), ("GOOS=windows", "GOOS"),
            ("GOARCH=arm64", "GOARCH"), ("GOEXPERIMENT=jsonv2", "GOEXPERIMENT"),
            ("CGO_ENABLED=0", "CGO_ENABLED"), ("CC=clang", "CC"), ("CGO_CFLAGS=-O1", "CGO_CFLAGS"),
            ("GOFLAGS=-tags=x", "GOFLAGS -tags"),
        ]
    )
    func settings(variable: String, name: String) throws {
        let found = try warnings(["PATH=/bin", variable])
        #expect(found.map(\.code) == [.goSettings] || found.map(\.code) == [.goVersion])
        #expect(found.first?.message.contains(name) == true, "\(found)")
    }

    @Test("of another architecture than all packages is warned of, whatever its variables say")
    func architecture() throws {
        let found = try warnings(["PATH=/bin"], architecture: "arm64")
        #expect(found.map(\.code) == [.goVersion])
        #expect(found.first?.message.contains("arm64") == true, "\(found)")
        #expect(try warnings(["GOARCH=amd64"], architecture: "arm64").isEmpty, "builds there are for amd64")
    }

    @Test(
        "that says nothing else than the jobs' brings no warning",
        arguments: [
            [], ["GOAMD64=v1", "CC=gcc", "GOOS=linux", "CGO_ENABLED=1"], ["GOFLAGS="], ["GOFLAGS=-v"],
            ["GOARM=5"], ["GOAMD64=v3", "GOAMD64=v1"], ["GOVERSION=go1.1", "GOLANG_VERSION=1.1"],
            ["GOCACHE=/old", "GOMODCACHE=/old", "GOCACHE"], ["=", "X"],
        ]
    )
    func same(variables: [String]) throws {
        let found = try warnings(variables)
        #expect(found.isEmpty, "\(found)")
    }

    @Test("that is not set for the caches leads builds elsewhere: one warning names both and the reason")
    func elsewhere() throws {
        for (variables, user, reasons) in [
            (["GOCACHE=/old", "GOMODCACHE=/x"], nil, "`GOCACHE=/old` and `GOMODCACHE=/x`"),
            (
                ["GOCACHE=off", "GOMODCACHE=/x"], nil,
                "`GOCACHE=off` and `GOMODCACHE=/x`, and with `GOCACHE=off`"
            ),
            (["GOPATH=/go:/x"], "1000", "no `GOCACHE` and `GOPATH=/go:/x`"),
            (["XDG_CACHE_HOME=/c", "HOME=/h"], nil, "`XDG_CACHE_HOME=/c` and `HOME=/h`"),
            ([], nil, "no `GOCACHE` and no `GOMODCACHE`"),
        ] {
            let found = try warnings(variables, user: user) { $0.setsEnvironment = false }
            #expect(found.map(\.code) == [.unusedCache], "\(found)")
            #expect(found.first?.message.contains("`/b` and `/m`: its environment has \(reasons)") == true)
            #expect(found.first?.remedy == .nameCaches)
        }
        let one = try warnings(["GOCACHE=/b/", "GOMODCACHE=/x"]) { $0.setsEnvironment = false }
        #expect(one.map(\.code) == [.unusedCache])
        #expect(one.first?.message.contains("will not use `/m`: its environment has `GOMODCACHE=/x`") == true)
    }

    @Test("that leads to the caches all the same brings no warning")
    func there() throws {
        for (variables, user, build, module) in [
            (["GOCACHE=/b", "GOMODCACHE=/m"], "1000", "/b", "/m"),
            (["GOPATH=/go"], "0:0", "/root/.cache/go-build", "/go/pkg/mod"),
            (["HOME=/h"], "7", "/h/.cache/go-build", "/h/go/pkg/mod"),
            (["XDG_CACHE_HOME=/c", "GOMODCACHE=/link"], nil, "/c/go-build", "/var"),
            // Engines take the home directory of another user from the image's list of users.
            (["GOMODCACHE=/m"], "user", "/home/user/.cache/go-build", "/m"),
        ] {
            let found = try warnings(
                variables,
                user: user
            ) {
                $0.setsEnvironment = false
                $0.caches = GoCaches(buildCache: FilePath(build), moduleCache: FilePath(module))
            }
            #expect(!found.contains { $0.code == .unusedCache }, "\(found)")
        }
    }

    @Test("with a program for entries is warned of, unless the image has no GOCACHE")
    func program() throws {
        let found = try warnings(["GOCACHEPROG=/bin/prog -x"])
        #expect(found.map(\.code) == [.cacheProgram])
        #expect(found.first?.message.contains("`/bin/prog -x` and not `/b`") == true)
        #expect(try warnings(["GOCACHEPROG=p"]) { $0.caches.buildCache = nil }.isEmpty)
    }

    @Test("without GOMODCACHE among the caches is compared by the GOMODCACHE that it states")
    func otherModuleCache() throws {
        let found = try warnings(["GOMODCACHE=/x"]) { $0.caches.moduleCache = nil }
        #expect(found.map(\.code) == [.moduleCachePath])
        #expect(found.first?.remedy == .useModuleCache(at: "/m"))
        #expect(found.first?.remedy?.value == "/m")
    }

    @Test("is in the report of a written image, with what the base's brings")
    func report() async throws {
        let bench = try Workbench()
        let fixture = ImageFixture(bench.path("base"))
        try fixture.finish([
            try fixture.image { $0["config"] = ["Env": ["GOCACHE=/old", "GOCACHEPROG=p", "GOPATH=/go"]] }
        ])
        var model = CacheModel()
        model.addPair("one", [1, 2, 3])
        let archive = try await bench.pack(model, to: "pack").path
        for (setsEnvironment, codes) in [
            (true, [Warning.Code.cacheProgram]), (false, [.unusedCache, .cacheProgram]),
        ] {
            let image = try await bench.image(archive, to: "image \(setsEnvironment)") {
                $0.base = Layers.Options.BaseReference(layout: bench.path("base"))
                $0.setsEnvironment = setsEnvironment
            }
            #expect(image.report.warnings.map(\.code) == codes)
            let own = ["GOCACHE=/var/cache/go-build", "GOMODCACHE=/var/cache/go-mod"]
            let base = ["GOCACHEPROG=p", "GOPATH=/go"]
            #expect(image.layout.environment == (setsEnvironment ? base + own : ["GOCACHE=/old"] + base))
        }
    }
}
