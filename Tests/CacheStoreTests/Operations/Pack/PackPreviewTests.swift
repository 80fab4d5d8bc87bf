import SystemPackage
import Testing

@testable import CacheStore

/// Tests of packs that write nothing.
@Suite("The preview of a pack")
struct PackPreviewTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    @Test(
        "writes nothing, and reports what the pack reports, without lengths of compressed content",
        arguments: [701, 702] as [UInt64],
        [false, true]
    )
    func report(seed: UInt64, hasBase: Bool) async throws {
        let random = try RandomCaches(seed: seed, jobs: 2, pairs: 60)
        var model = random.jobs[1]
        // Damage that only the content shows, a module that travels as a zip, and a torn entry.
        let outputs = model.files.filter { $0.key.hasSuffix("-d") && $0.value.bytes.count > 100 }.keys
            .sorted()
        for name in outputs.suffix(2) { model.files[name]?.bytes[50] ^= 1 }
        let whiteout = CacheModel.Module(
            path: "example.com/r",
            version: "v1.0.0",
            files: [("a.go", [1], false), (".wh.b", [2], false)]
        )
        try model.addModule(whiteout, [.tree, .mod, .hash, .info])
        model.files["build/00/\(CacheModel.id("torn"))-a"] = CacheModel.Entry(bytes: [], mode: 0o644)
        let base = try await bench.pack(random.jobs[0], as: "main", to: "main").path
        let found = try bench.write(model, to: "caches")
        var options = Pack.Options(label: "job")
        options.bases = hasBase ? [base] : []
        let before = try (bench.names, TreeSnapshot(of: bench.path("caches")))
        let preview = try await Pack(options: options).preview(found)
        #expect(try bench.names == before.0)
        #expect(try TreeSnapshot(of: bench.path("caches")) == before.1)
        let path = bench.path("out")
        var report = try await Pack(options: options).run(found, to: path)
        #expect(report.totals.all.storedBytes > 0 && report.totals.fileBytes > 0)
        report.totals.forgetCompression()
        #expect(preview == report)
        #expect(preview.covered.isEmpty != hasBase)
        #expect(preview.leftOut.contains { $0.reason == .wrongContent } || hasBase)
    }

    @Test("fails as the pack does where damage is an error")
    func strict() async throws {
        var model = CacheModel()
        let (_, output) = model.addPair("a", [1, 2, 3])
        model.files[CacheModel.output(output)]?.bytes[0] ^= 1
        let found = try bench.write(model, to: "caches")
        var options = Pack.Options(label: "job")
        options.isStrict = true
        let error = await failure { try await Pack(options: options).preview(found) }
        #expect(error?.code == .damagedCache)
    }

    @Test("fails where no archive could be written, and warns where one would have to be replaced")
    func output() async throws {
        var model = CacheModel()
        model.addPair("a", [1, 2, 3])
        let found = try bench.write(model, to: "caches")
        var options = Pack.Options(label: "job")
        let lost = bench.path("absent").appending("out")
        let error = await failure { try await Pack(options: options).preview(found, to: lost) }
        #expect(error?.code == .notFound && error?.remedy == .makeDirectory)
        let there = bench.path("there")
        try Files.write([1], to: there)
        let warned = try await Pack(options: options).preview(found, to: there)
        #expect(warned.warnings.first?.code == .outputExists)
        options.overwrite = true
        let report = try await Pack(options: options).preview(found, to: there)
        #expect(!report.warnings.contains { $0.code == .outputExists })
        #expect(report.digest == warned.digest)
    }
}

extension ArchiveTotals {
    /// Sets all lengths of compressed content to 0.
    mutating func forgetCompression() {
        for key in byKind.keys { byKind[key]?.storedBytes = 0 }
        for key in byClass.keys { byClass[key]?.storedBytes = 0 }
        for key in bySource.keys { bySource[key]?.storedBytes = 0 }
        for key in uniqueBySource.keys { uniqueBySource[key]?.storedBytes = 0 }
        (shared.storedBytes, all.storedBytes, frameBytes, fileBytes) = (0, 0, 0, 0)
    }
}
