import Foundation
import SystemPackage
import Testing

@testable import CacheStore

/// Tests of what a cache program answers to gets.
@Suite("A cache program", .timeLimit(.minutes(5)))
struct ProgramHitTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    private static let content = Array("an object file".utf8)

    /// Packs a cache of pairs, by the names of their actions.
    private func pack(_ pairs: [String: String], to name: String) async throws -> FilePath {
        var model = CacheModel()
        for (action, content) in pairs { model.addPair(action, Array(content.utf8)) }
        return try await bench.pack(model, as: name, to: name).path
    }

    private func text(_ answer: ProgramClient.Answer) throws -> String {
        #expect(answer.Err == nil)
        let bytes = try Files.bytes(answer.path)
        #expect(answer.Size == bytes.count && answer.output == ContentHasher.hash(bytes.span))
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("begins with the requests that it knows, before any request")
    func beginning() async throws {
        let client = try bench.program()
        let first = try await client.answer(to: 0)
        #expect(first.KnownCommands == ["get", "put", "close"])
        let report = try await client.close()
        #expect(try await client.answer(to: 1).Err == nil)
        #expect(report.gets == 0 && report.allHits == 0 && report.errors == 0 && report.archives == [])
        #expect(client.warnings.isEmpty)
    }

    @Test("looks in GOCACHE, then in the archives in their order, and counts where it found what")
    func order() async throws {
        let first = try await pack(["both": "first", "only first": "1", "here": "archive"], to: "a")
        let second = try await pack(["both": "second", "only second": "22", "here": "other"], to: "b")
        var model = CacheModel()
        model.addPair("here", Array("gocache".utf8))
        _ = try bench.write(model, to: "served")
        let client = try bench.program(first, second)
        let expected = ["both": "first", "only first": "1", "only second": "22", "here": "gocache"]
        for (action, content) in expected {
            #expect(try text(try await client.get(CacheModel.id(action))) == content)
        }
        let miss = try await client.get(CacheModel.id("nowhere"))
        #expect(miss.Miss == true && miss.Err == nil && miss.DiskPath == nil)
        // What came from an archive stands in GOCACHE a moment later.
        try await bench.awaitEntries(of: expected.keys.map { CacheModel.id($0) })
        #expect(try text(try await client.get(CacheModel.id("both"))) == "first")
        let report = try await client.close()
        #expect(report.gets == 6 && report.misses == 1 && report.errors == 0 && report.puts == 0)
        #expect(report.hits == [.buildCache: 2, .archive: 3] && report.allHits == 5)
        #expect(report.decodedBytes == 8 && report.putBytes == 0 && report.archives == [first, second])
        #expect(report.answerTime > .zero && report.lifetime > .zero)
        #expect(client.warnings.isEmpty)

        // In the other order, the other archive wins. Without archives, GOCACHE has it all.
        try Directory(opening: bench.root).removeAll("served")
        let reversed = try bench.program(second, first)
        #expect(try text(try await reversed.get(CacheModel.id("both"))) == "second")
        try await reversed.close()
        let alone = try bench.program()
        #expect(try text(try await alone.get(CacheModel.id("both"))) == "second")
        #expect(try await alone.get(CacheModel.id("only first")).Miss == true)
        #expect(try await alone.close().hits == [.buildCache: 1])
    }

    @Test("answers with a file of GOCACHE in Go's layout, and with the time of the entry")
    func place() async throws {
        var model = CacheModel()
        let (action, output) = model.addPair("there", Self.content)
        let archive = try await pack(["archived": "x"], to: "a")
        _ = try bench.write(model, to: "served")
        let client = try bench.program(archive)
        let there = try await client.get(action)
        #expect(there.path == bench.served(CacheModel.output(output)))
        #expect(there.Time == "2023-11-14T22:13:20.123456789Z")
        let archived = try await client.get(CacheModel.id("archived"))
        #expect(archived.path == bench.served(CacheModel.output(CacheModel.id("x"))))
        // A restore gives all entries this time, too.
        #expect(archived.Time == "1970-01-01T00:00:00Z")
        try await client.close()
    }

    @Test("finds an entry that is torn, or whose output is not whole, in the archive")
    func broken() async throws {
        var model = CacheModel()
        let (action, output) = model.addPair("victim", Self.content)
        let archive = try await bench.pack(model, to: "archive").path
        let (a, d) = (CacheModel.action(action), CacheModel.output(output))
        let damages: [(String, (inout CacheModel) -> Void)] = [
            ("no entry", { $0.files[a] = nil }),
            (
                "no entry, and an output with wrong bytes",
                {
                    $0.files[a] = nil; $0.files[d]?.bytes[0] ^= 1
                }
            ),
            ("an empty entry", { $0.files[a]?.bytes = [] }),
            ("a torn entry", { $0.files[a]?.bytes.removeLast() }),
            ("a longer entry", { $0.files[a]?.bytes.append(0x0A) }),
            ("an entry of another action", { $0.files[a]?.bytes[10] ^= 1 }),
            ("no output", { $0.files[d] = nil }),
            ("an empty output", { $0.files[d]?.bytes = [] }),
            ("a longer output", { $0.files[d]?.bytes.append(0) }),
        ]
        for (what, damage) in damages {
            var broken = model
            damage(&broken)
            _ = try bench.write(broken, to: "served")
            let alone = try bench.program()
            #expect(try await alone.get(action).Miss == true, "\(what)")
            try await alone.close()
            let client = try bench.program(archive)
            #expect(try text(try await client.get(action)) == "an object file", "\(what)")
            #expect(try await client.close().hits == [.archive: 1], "\(what)")
            #expect(client.warnings.isEmpty, "\(what)")
            #expect(try Files.bytes(bench.served(d)) == Self.content, "\(what)")
            try Directory(opening: bench.root).removeAll("served")
        }
    }

    @Test("has no answer but a miss for a program that Go has linked, from GOCACHE or an archive")
    func programs() async throws {
        var model = CacheModel()
        let (action, _) = model.addPair("link", Self.content, executable: "tool")
        let archive = try await bench.pack(model, to: "archive").path
        let client = try bench.program(archive)
        #expect(try await client.get(action).Miss == true)
        try await client.close()
        #expect(try bench.servedNames.isEmpty)
        _ = try bench.write(model, to: "served")
        let before = try TreeSnapshot(of: bench.served)
        let other = try bench.program(archive)
        #expect(try await other.get(action).Miss == true)
        #expect(try await other.close().errors == 0)
        #expect(client.warnings.isEmpty && other.warnings.isEmpty)
        #expect(
            try TreeSnapshot(of: bench.served).difference(from: before) { $0 == CheckedArchives.name } == []
        )
    }

    @Test(
        "decodes an output once, however many threads and actions ask for it at once",
        arguments: [true, false]
    )
    func once(canStore: Bool) async throws {
        var source = SeededBytes(seed: 71)
        var model = CacheModel()
        let content = source.halfRandomBytes(3_000_000)
        let output = model.addOutput(content)
        let actions = (0..<40).map { CacheModel.id("action \($0)") }
        for action in actions { model.addAction(action, output: output, size: content.count) }
        let archive = try await bench.pack(model, to: "archive").path
        if !canStore { try Files.write([], to: bench.path("served")) }
        let client = try bench.program(archive) { $0.jobs = 8 }
        let answers = try await client.get((0..<2_000).map { actions[$0 % actions.count] })
        #expect(answers.allSatisfy { $0.output == output && $0.Size == content.count })
        let paths = Set(answers.map(\.path))
        #expect(paths.count == 1)
        #expect(try Files.id(try #require(paths.first)) == output)
        let report = try await client.close()
        #expect(report.gets == 2_000 && report.allHits == 2_000 && report.decodedBytes == content.count)
        #expect(client.warnings.map(\.code) == (canStore ? [] : [.unstoredEntry]))
    }

    @Test("answers with an output that has the ID of its action, and keeps both in GOCACHE")
    func equalIDs() async throws {
        let content = Array("the same".utf8)
        var model = CacheModel()
        let id = model.addOutput(content)
        model.addAction(id, output: id, size: content.count)
        let archive = try await bench.pack(model, to: "archive").path
        for place in [CacheProgram.Report.Place.archive, .buildCache] {
            let client = try bench.program(archive) { $0.jobs = 1 }
            #expect(try text(try await client.get(id)) == "the same")
            #expect(try await client.close().hits[place] == 1)
        }
    }

    @Test("answers a get that takes long after those that came later and take less")
    func outOfOrder() async throws {
        var source = SeededBytes(seed: 72)
        var model = CacheModel()
        let (large, _) = model.addPair("large", source.halfRandomBytes(12_000_000))
        let small = (0..<20).map { model.addPair("small \($0)", source.bytes(50)).0 }
        let archive = try await bench.pack(model, to: "archive").path
        let client = try bench.program(archive) { $0.jobs = 4 }
        let answers = try await client.get([large] + small)
        #expect(answers.allSatisfy { $0.DiskPath != nil })
        #expect(client.order.first == 0)
        #expect(client.order.dropFirst().first != 1, "the large one is not the first")
        #expect(client.order.count == 22)
        try await client.close()
    }

    @Test("marks what is used as Go does, whatever the times of the files are")
    func marks() async throws {
        let now = Int(Date().timeIntervalSince1970)
        var model = CacheModel()
        // A file system in memory keeps all times that there are.
        let shared = FilePath("/dev/shm/castore-marks-\(UUID().uuidString)")
        defer { try? Directory(opening: "/dev/shm").removeAll(shared.lastComponent?.string ?? "") }
        let ages = [0, 3_000, 3_700, 86_400, -1_000_000_000, now - Int.min / 2, now - .max / 2]
        let pairs = ages.map { model.addPair("pair \($0)", Array("\($0)".utf8)) }
        var order = SeededBytes(seed: 1)
        let build = try #require(try model.write(to: shared, shuffledBy: &order).buildCache)
        let times = ages.map { now - $0 } + [Int.min, Int.max]
        let files =
            pairs + [
                model.addPair("pair 0", Array("0".utf8)), model.addPair("pair 3000", Array("3000".utf8)),
            ]
        for (time, pair) in zip(times, files) {
            for name in [CacheModel.action(pair.0), CacheModel.output(pair.1)] {
                try Directory(opening: shared).setTimes(of: name, time)
            }
        }
        let client = try ProgramClient(build)
        #expect(try await client.get(pairs.map(\.0)).allSatisfy { $0.DiskPath != nil })
        try await client.close()
        for (time, pair) in zip(times, files).reversed().prefix(ages.count) {
            for name in [CacheModel.action(pair.0), CacheModel.output(pair.1)] {
                let found = try #require(try Directory(opening: shared).status(of: name)).modified
                if time > now - 3_600 {
                    #expect(found == time, "\(time)")
                } else {
                    // The clock of file systems goes in ticks, and may be one behind.
                    #expect(found >= now - 1, "\(time)")
                }
            }
        }
    }
}
