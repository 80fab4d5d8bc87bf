import SystemPackage
import Testing

@testable import CacheStore

/// Tests of outputs that are so long that threads share them.
@Suite("A long output", .timeLimit(.minutes(10)))
struct LongOutputTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    /// Returns content of many chunks, in a cache with some short outputs.
    private func caches() -> (model: CacheModel, long: [UInt8]) {
        var source = SeededBytes(seed: 191)
        var model = CacheModel()
        for index in 0..<20 { model.addPair("short \(index)", source.halfRandomBytes(20_000)) }
        // Cut points come where the content leaves them to chance, and where it is zero throughout.
        var long = source.halfRandomBytes(24 << 20)
        long += [UInt8](repeating: 0, count: 9 << 20) + source.bytes(777)
        model.addPair("long", long)
        model.addPair("executable", Array(long.dropFirst(3 << 20)), executable: "tool")
        return (model, long)
    }

    @Test("is packed, restored, verified and put into layers alike at any number of threads")
    func anyThreads() async throws {
        let (model, long) = caches()
        let caches = try bench.write(model, to: "caches")
        var archives: [[UInt8]] = []
        var images: [ObjectID] = []
        for jobs in [1, 2, 3, 8] {
            var options = Pack.Options(label: "job")
            options.jobs = jobs
            let archive = bench.path("pack \(jobs)")
            try await Pack(options: options).run(caches, to: archive)
            archives.append(try Files.bytes(archive))
            try await bench.restore(archive, to: "target \(jobs)") { $0.jobs = jobs }
            let path = bench.path("target \(jobs)/\(CacheModel.output(ContentHasher.hash(long.span)))")
            #expect(try Files.bytes(path) == long)
            var verify = Verify.Options()
            verify.jobs = jobs
            let report = try await Verify(options: verify).run(archive)
            #expect(report.problems.isEmpty)
            let image = try await bench.image(archive, to: "image \(jobs)") { $0.jobs = jobs }
            images.append(image.report.manifestDigest)
        }
        #expect(Set(archives).count == 1 && Set(images).count == 1)
        let chunks = try bench.contents(bench.path("pack 1")).set.chunks
        #expect(chunks.count > 10)
    }

    @Test("whose chunk has a wrong name is restored by its own, and verify refuses it")
    func wrongChunkName() async throws {
        let (model, long) = caches()
        let sound = try await bench.pack(model, to: "sound").path
        let name = ContentHasher.hash(long.span)
        let number = try chunk(of: name, in: sound)
        let archive = try HostileArchive(bench: bench).write(
            from: sound,
            sql: "UPDATE chunk SET digest = x'\(CacheModel.id("no content"))' WHERE id = \(number + 1)",
            to: "wrong name"
        )
        for jobs in [1, 4] {
            try await bench.restore(archive, to: "target \(jobs)") { $0.jobs = jobs }
            #expect(try Files.bytes(bench.path("target \(jobs)/\(CacheModel.output(name))")) == long)
            var options = Verify.Options()
            options.jobs = jobs
            let problems = try await Verify(options: options).run(archive).problems
            #expect(problems.contains { $0.member == "output \(name)" })
        }
    }

    @Test("without the content that its name promises is refused, and no file of it stays")
    func wrongContent() async throws {
        let long = caches().long
        var model = CacheModel()
        model.addPair("long", long)
        let sound = try await bench.pack(model, to: "sound").path
        let other = CacheModel.id("other content")
        let archive = try HostileArchive(bench: bench).writeDigested(
            from: sound,
            sql: "UPDATE output SET digest = x'\(other)' WHERE size = \(long.count)",
            to: "wrong content"
        )
        for jobs in [1, 4] {
            let restored = await failure { try await bench.restore(archive, to: "target") { $0.jobs = jobs } }
            #expect(restored?.code == .corruptArchive)
            #expect(restored?.member == "output \(other)")
            let paths = try TreeSnapshot(of: bench.path("target")).paths
            #expect(!paths.contains { $0.contains(other.description) })
            let image = await failure { try await bench.image(archive, to: "image") { $0.jobs = jobs } }
            #expect(image?.code == .corruptArchive)
        }
    }

    @Test("is counted once, whoever reads it, and so progress ends at 100 %", arguments: [1, 3])
    func progress(threads: Int) async throws {
        let model = caches().model
        let archive = try Archive(opening: try await bench.pack(model, to: "pack").path)
        let counters = ProgressCounters()
        _ = try await VerifyOperation(archive, threads: threads, counters).find()
        let end = counters.snapshot
        #expect(end.bytes == end.totalBytes && end.bytes > 60 << 20)
        #expect(end.items == end.totalItems)
    }

    @Test("is served to builds")
    func serving() async throws {
        let (model, long) = caches()
        let archive = try await bench.pack(model, to: "pack").path
        let client = try bench.program(archive)
        let answer = try await client.get(CacheModel.id("long"))
        #expect(answer.Err == nil && answer.output == ContentHasher.hash(long.span))
        #expect(try Files.bytes(answer.path) == long)
        try await client.close()
    }

    @Test("is read piece by piece, as far as its caller wants and no chunk is damaged")
    func pieces() async throws {
        let (model, long) = caches()
        let sound = try await bench.pack(model, to: "sound").path
        let name = ContentHasher.hash(long.span)
        let content = try await Archive(opening: sound).content(of: .output, named: "\(name)")
        #expect(try await content.reduce(into: []) { $0 += $1 } == long)
        // An iterator begins again.
        var first = content.makeAsyncIterator()
        let piece = try #require(await first.next())
        #expect(piece == Array(long.prefix(piece.count)))
        let numbers = try #require(bench.contents(sound).set.outputs.first { $0.id == name }).chunks.numbers
        let damaged = try bench.poison(sound, frame: numbers[4].index, to: "damaged")
        let part = try await Archive(opening: damaged).content(of: .output, named: "\(name)")
        var rest = part.makeAsyncIterator()
        for _ in 0..<4 { #expect(try await rest.next() != nil) }
        let error = await failure { try await rest.next() }
        #expect(error?.code == .corruptArchive && error?.member == "output \(name)")
    }

    /// Returns the position of a chunk of an output among all chunks.
    private func chunk(of output: ObjectID, in archive: FilePath) throws -> Int {
        let set = try bench.contents(archive).set
        let found = try #require(set.outputs.first { $0.id == output })
        return found.chunks.numbers[0].index
    }
}
