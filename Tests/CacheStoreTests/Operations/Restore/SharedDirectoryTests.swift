import SystemPackage
import Testing

@testable import CacheStore

@Suite("Caches that share directories")
struct SharedDirectoryTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    private func packed() async throws -> (path: FilePath, report: Pack.Report) {
        var model = CacheModel()
        for number in 0..<40 { model.addPair("entry \(number)", Array("content \(number)".utf8)) }
        try model.addModule(ModuleCacheRestoreTests.module)
        return try await bench.pack(model, to: "pack")
    }

    /// Restores into two directories, packs them again, and compares.
    private func expectRoundTrip(_ build: FilePath, _ module: FilePath, _ comment: Comment) async throws {
        let pack = try await packed()
        let caches = GoCaches(buildCache: build, moduleCache: module)
        var options = Restore.Options()
        options.moduleZips = .make
        for isFirst in [true, false] {
            let report = try await Restore(options: options).run(pack.path, into: caches)
            #expect((report.bytesWritten == 0) == !isFirst, comment)
        }
        let again = try await bench.pack(caches, to: "again") { $0.isStrict = true }
        #expect(again.report.digest == pack.report.digest, comment)
        #expect(again.report.leftOut.allSatisfy { $0.reason == .bookkeeping }, comment)
        try Files.remove(again.path)
        try Files.remove(pack.path)
    }

    @Test("are no reason to take swapped caches for right: nothing is packed or mixed")
    func refused() async throws {
        let pack = try await packed()
        let caches = try await bench.restore(pack.path, to: "out").caches
        let swapped = GoCaches(buildCache: caches.moduleCache, moduleCache: caches.buildCache)
        let before = try TreeSnapshot(of: bench.path("out"))
        for caches in [
            swapped, GoCaches(buildCache: swapped.buildCache, moduleCache: nil),
            GoCaches(buildCache: nil, moduleCache: swapped.moduleCache),
        ] {
            let packing = await failure { try await bench.pack(caches, to: "swapped") }
            let restoring = await failure { try await Restore().run(pack.path, into: caches) }
            for error in [packing, restoring] {
                #expect(error?.code == .badArgument && error?.remedy == .swapCaches, "\(caches)")
            }
        }
        // The files of a module that are not its own are removed: GOCACHE must not lie among them.
        let inside = GoCaches(buildCache: bench.path("x/a.b/c@v1.0.0/d"), moduleCache: bench.path("x"))
        #expect(await failure { try await Restore().run(pack.path, into: inside) }?.code == .badArgument)
        #expect(!Files.exists(bench.path("swapped")))
        #expect(try TreeSnapshot(of: bench.path("out")) == before)
    }

    @Test("are one directory with the one cache alone, and get the other: that is no swap")
    func second() async throws {
        let pack = try await packed().path
        let both = bench.path("both")
        for first in [
            GoCaches(buildCache: nil, moduleCache: both), GoCaches(buildCache: both, moduleCache: nil),
        ] {
            try await Restore().run(pack, into: first)
            try await Restore().run(pack, into: GoCaches(buildCache: both, moduleCache: both))
            for name in try Directory(opening: both).names().valid {
                try Directory(opening: both).removeAll(name)
            }
        }
    }

    @Test("are not packed where a directory above or in one is named: the message says where the cache is")
    func above() async throws {
        let pack = try await packed()
        let build = bench.path(".cache/go-build")
        let caches = GoCaches(buildCache: build, moduleCache: bench.path("go/pkg/mod"))
        try await Restore().run(pack.path, into: caches)
        let modules = try #require(caches.moduleCache)
        for name in ["", "go", "go/pkg", "go/pkg/mod/cache", "go/pkg/mod/cache/download"] {
            let named = GoCaches(buildCache: nil, moduleCache: bench.path(name))
            let error = await failure { try await bench.pack(named, to: "above") }
            #expect(error?.code == .badArgument && error?.remedy == .nameModuleCache, "\(name)")
            #expect(error?.message.hasSuffix("`\(modules)`") == true, "\(String(describing: error))")
        }
        for name in ["", ".cache", ".cache/go-build/00"] {
            let named = GoCaches(buildCache: bench.path(name), moduleCache: nil)
            let error = await failure { try await bench.pack(named, to: "above") }
            #expect(error?.code == .badArgument && error?.remedy == .nameBuildCache, "\(name)")
            #expect(error?.message.hasSuffix("`\(build)`") == true, "\(String(describing: error))")
        }
        _ = try await bench.pack(caches, to: "right")
    }

    @Test("are restored and packed: one directory for both, by whatever path")
    func oneDirectory() async throws {
        let both = bench.path("both")
        try Files.makeDirectory(both)
        try Files.link(bench.path("link"), to: both)
        for other in [both, bench.path("both/."), bench.path("link"), bench.path("link/../both")] {
            for caches in [(both, other), (other, both)] {
                try await expectRoundTrip(caches.0, caches.1, "\(caches)")
                for name in try Directory(opening: both).names().valid {
                    try Directory(opening: both).removeAll(name)
                }
            }
        }
    }

    @Test(
        "are restored and packed: one inside the other",
        arguments: [
            ("n", "n/mod"), ("n/build", "n"), ("n", "n/a/b/mod"), ("n/a/b/build", "n"), ("n/x.y/build", "n"),
        ]
    )
    func nested(build: String, module: String) async throws {
        try await expectRoundTrip(bench.path(build), bench.path(module), "\(build) \(module)")
        let mode = try Directory(opening: bench.path(build)).status(of: "ff")?.mode
        #expect(mode == 0o733, "the modes of GOMODCACHE are not for GOCACHE")
    }

    @Test("still have strangers reported: in one directory, each once")
    func strangers() async throws {
        let both = bench.path("both")
        let caches = GoCaches(buildCache: both, moduleCache: both)
        try await Restore().run(packed().path, into: caches)
        try Files.write([1], to: both.appending("note"))
        let again = try await bench.pack(caches, to: "again")
        #expect(again.report.leftOut.filter { $0.path == both.appending("note") }.count == 1)
        #expect(again.report.leftOut.filter { $0.path == both.appending("trim.txt") }.count == 1)
    }

    @Test("are restored by two at a time, whose directories are swapped", .timeLimit(.minutes(1)))
    func swapped() async throws {
        let pack = try await packed().path
        let (one, two) = (bench.path("one"), bench.path("two"))
        // Each directory has the parts of both caches, so none is taken for the wrong one.
        for part in ["00", "ff", "cache/download"] {
            for root in [one, two] { try Files.makeDirectory(root.appending(FilePath(part).components)) }
        }
        for _ in 1...3 {
            async let first = Restore().run(pack, into: GoCaches(buildCache: one, moduleCache: two))
            async let second = Restore().run(pack, into: GoCaches(buildCache: two, moduleCache: one))
            _ = try await (first, second)
        }
    }

    @Test("report which lock they wait for, after two seconds", arguments: ["out/build", lock])
    func waiting(name: String) async throws {
        let pack = try await packed().path
        try await bench.restore(pack, to: "out")
        let holder: File
        if name == Self.lock {
            holder = try Directory(opening: bench.path("out")).openFile(at: String(name.dropFirst(4)))
        } else {
            holder = try Directory(opening: bench.path(name)).lockFile()
        }
        try holder.lock {}
        let seen = Gathered<FilePath?>(nil)
        let caches = bench.caches("out")
        let restore = Task {
            try await Restore().run(pack, into: caches) { progress in
                if let path = progress.awaitedLock { seen.update { $0 = path } }
            }
        }
        let begin = ContinuousClock.now
        while seen.value == nil, .now - begin < .seconds(30) { try await Task.sleep(for: .milliseconds(50)) }
        #expect(seen.value == bench.path(name))
        #expect(.now - begin >= .seconds(2))
        _ = consume holder
        _ = try await restore.value
    }

    private static let lock = "out/\(ModuleCacheRestoreTests.module.download).lock"

    @Test("are refused where a link leads nowhere")
    func brokenLink() async throws {
        try Files.link(bench.path("link"), to: bench.path("nowhere"))
        let pack = try await packed().path
        let error = await failure {
            try await Restore().run(pack, into: GoCaches(buildCache: bench.path("link"), moduleCache: nil))
        }
        #expect(error?.code == .notFound && error?.remedy == .removeObstacle)
        #expect(error?.message.contains("leads nowhere") == true)
    }
}
