import SystemPackage
import Testing

@testable import CacheStore

/// Tests of archives that lie elsewhere.
@Suite("A remote archive")
struct RemoteArchiveTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    /// Packs three random jobs, and unites them.
    private func union(seed: UInt64, pairs: Int = 60) async throws -> FilePath {
        let random = try RandomCaches(seed: seed, jobs: 3, pairs: pairs)
        var packs: [FilePath] = []
        for (number, job) in random.jobs.enumerated() {
            packs.append(try await bench.pack(job, as: "job\(number)", to: "\(number).castore").path)
        }
        let path = bench.path("all.castore")
        try await Union().run(packs, to: path)
        return path
    }

    private func open(_ stub: StubRemoteFile) async throws -> Archive {
        try await Archive(reading: stub, scratch: bench.root)
    }

    @Test("is restored, united, cut, selected and verified as the same archive on disk")
    func verbs() async throws {
        let path = try await union(seed: 3)
        let stub = try StubRemoteFile(path)
        let remote = try await open(stub)
        let (index, trailer) = (remote.trailer.indexSize, remote.trailer)
        #expect(stub.requested <= index + 5 * FormatLimits.pageSize + Trailer.headerSize)
        #expect(try await remote.summary().digest == Archive(opening: path).summary().digest)
        #expect(trailer == (try Archive(opening: path)).trailer)

        let local = try await bench.restore(path, to: "local").caches
        let caches = bench.caches("remote")
        let report = try await Restore().run(remote, into: caches)
        #expect(report.digest == report.archiveDigest)
        for (one, other) in [(local.moduleCache, caches.moduleCache), (local.buildCache, caches.buildCache)] {
            let (one, other) = (try TreeSnapshot(of: #require(one)), try TreeSnapshot(of: #require(other)))
            #expect(
                one.contents.filter { $0.key != "trim.txt" } == other.contents.filter { $0.key != "trim.txt" }
            )
        }
        #expect(try await Verify().run(try await open(StubRemoteFile(path))).problems.isEmpty)

        let one = bench.path("0.castore")
        for (name, operation) in Self.operations {
            let (expected, found) = (bench.path("\(name) local"), bench.path("\(name) remote"))
            try await operation(Archive(opening: path), one, expected)
            try await operation(open(StubRemoteFile(path)), one, found)
            #expect(try Files.id(expected) == Files.id(found), "\(name)")
        }
        let names = try bench.names
        #expect(!names.contains { $0.hasPrefix(".") }, "the scratch files have no names")
    }

    private typealias Operation = @Sendable (Archive, FilePath, FilePath) async throws -> Void

    private static let operations: [(String, Operation)] = [
        ("union", { _ = try await Union().run([$0, $1], to: $2) }),
        ("difference", { _ = try await Difference().run($0, without: [$1], to: $2) }),
        ("intersection", { _ = try await Intersect().run([$0, $1], to: $2) }),
        (
            "selection",
            {
                var options = Select.Options()
                options.only = ["job1"]
                _ = try await Select(options: options).run([$0], to: $2)
            }
        ),
    ]

    @Test("of which one source is restored gives the bytes of that source alone, and a 25th besides")
    func part() async throws {
        let path = try await union(seed: 4, pairs: 200)
        let stub = try StubRemoteFile(path)
        var options = Restore.Options()
        options.only = ["job1"]
        let remote = try await open(stub)
        _ = try await Restore(options: options).run(remote, into: bench.caches("remote"))
        var select = Select.Options()
        select.only = ["job1"]
        let selected = bench.path("selected")
        _ = try await Select(options: select).run([path], to: selected)
        let wanted = try Archive(opening: selected).trailer.framesSize + remote.trailer.indexSize
        #expect(stub.requested <= wanted + wanted / 20 + 6 * FormatLimits.pageSize)
        #expect(try #require(remote.remoteFigures).bytes == stub.requested)
    }

    @Test("of which all is there already gives no frame of outputs")
    func again() async throws {
        let path = try await union(seed: 5)
        let caches = try await bench.restore(path, to: "out").caches
        let stub = try StubRemoteFile(path)
        let report = try await Restore().run(try await open(stub), into: caches)
        #expect(report.bytesWritten == 0)
        let archive = try Archive(opening: path)
        let manifests = try archive.members().set
        let text = manifests.trees.flatMap { $0.manifest.numbers }
            .reduce(0) { $0 + manifests.chunks[$1].storedBytes }
        #expect(stub.requested <= archive.trailer.indexSize + text + text / 20 + 6 * FormatLimits.pageSize)
    }

    @Test("whose server fails is no damaged archive, and leaves nothing half-done")
    func failing() async throws {
        let path = try await union(seed: 6)
        let archive = try Archive(opening: path)
        let stub = try StubRemoteFile(path, .error(from: 0))
        let error = await failure { try await open(stub) }
        #expect(error?.code == .network)
        stub.mend()
        let opened = try await open(stub)
        let broken = try StubRemoteFile(path)
        let remote = try await open(broken)
        let output = bench.path("out.castore")
        for part in [0, archive.trailer.framesSize / 2] {
            let failing = FailingRemoteFile(broken, below: archive.trailer.framesSize - 5000, from: part)
            let remote = try await Archive(reading: failing, scratch: bench.root)
            let error = await failure { try await Union().run([remote], to: output) }
            #expect(error?.code == .network)
            #expect(try !bench.names.contains("out.castore"))
            var options = Restore.Options()
            options.skipsDamaged = true
            let restored = await failure {
                try await Restore(options: options).run(remote, into: bench.caches("broken \(part)"))
            }
            #expect(restored?.code == .network, "damage is skipped, and a network that fails is none")
        }
        #expect(try await opened.summary().digest == remote.summary().digest)
    }

    @Test("with a wrong byte is damaged, and the error names the address")
    func damage() async throws {
        let path = try await union(seed: 7)
        var bytes = try Files.bytes(path)
        bytes[bytes.count - 60] ^= 1
        let index = StubRemoteFile(bytes)
        let error = await failure { try await open(index).contents() }
        #expect(error?.code == .corruptArchive)
        #expect(error?.description.contains("`https://example.com/all.castore`") == true)
        for page in ["<!DOCTYPE html><title>Sign in</title>", ""] {
            let error = await failure { try await open(StubRemoteFile(Array(page.utf8))) }
            #expect(error?.code == .notAnArchive)
        }
    }
}

/// A remote file of which some bytes can't be read.
private struct FailingRemoteFile: RemoteFile {
    let file: StubRemoteFile
    let range: Range<Int>

    init(_ file: StubRemoteFile, below end: Int, from start: Int) {
        (self.file, range) = (file, start..<end)
    }

    var name: String { file.name }
    var byteCount: Int { file.byteCount }

    func read(_ range: Range<Int>, _ receive: @Sendable (Span<UInt8>) throws -> Void) async throws {
        if range.overlaps(self.range) { throw CacheStoreError(.network, "the server does not answer") }
        try await file.read(range, receive)
    }
}
