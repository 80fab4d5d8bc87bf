import Foundation
import SystemPackage
import Testing

@testable import CacheStore

/// Tests of what a cache program keeps of puts.
@Suite("A put to a cache program", .timeLimit(.minutes(5)))
struct ProgramPutTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    private static let action = CacheModel.id("action")
    private static let content = Array("an object file".utf8)

    /// The names that an entry of an action and its output have below GOCACHE.
    private func names(_ action: ObjectID, _ content: [UInt8]) -> [String] {
        let output = ContentHasher.hash(content.span)
        return [CacheModel.action(action), CacheModel.output(output)].map {
            String($0.dropFirst("build/".count))
        }
    }

    @Test("is in GOCACHE as Go writes it, and is a hit for the same program and the next ones")
    func stored() async throws {
        let start = Date().timeIntervalSince1970
        let client = try bench.program()
        for content in [Self.content, []] {
            let action = content.isEmpty ? CacheModel.id("empty") : Self.action
            let answer = try await client.put(action, content)
            let output = ContentHasher.hash(content.span)
            #expect(answer.Err == nil && answer.path == bench.served(CacheModel.output(output)))
            #expect(try Files.bytes(answer.path) == content)
            let hit = try await client.get(action)
            #expect(hit.path == answer.path && hit.output == output && hit.Size == content.count)
            let entry = try Files.bytes(bench.served(CacheModel.action(action)))
            let found = ActionEntry.time(entry.span)
            let time = try #require(found)
            let read = ActionEntry(entry.span, named: action)
            #expect(read?.output == output && entry.count == 175)
            let end = Date().timeIntervalSince1970
            #expect((start...end).contains(Double(time) / 1e9))
            for name in names(action, content) {
                let status = try #require(try Directory(opening: bench.served).status(of: name))
                #expect(status.mode == 0o666 & ~Umask.value)
                #expect((Int(start)...Int(end)).contains(status.modified))
            }
        }
        let report = try await client.close()
        #expect(report.puts == 2 && report.putBytes == Self.content.count && report.errors == 0)
        #expect(report.gets == 2 && report.hits == [.buildCache: 2])
        let next = try bench.program()
        #expect(try await next.get(Self.action).output == ContentHasher.hash(Self.content.span))
        try await next.close()
        let all = names(Self.action, Self.content) + names(CacheModel.id("empty"), [])
        #expect(try bench.servedNames.sorted() == all.sorted())
    }

    @Test("may be large")
    func large() async throws {
        var source = SeededBytes(seed: 80)
        let content = source.bytes(20_000_000)
        let client = try bench.program()
        // A get waits in the pipe behind the body.
        let answer = try await client.put(Self.action, content)
        #expect(try await client.get(Self.action).path == answer.path)
        #expect(try Files.id(answer.path) == ContentHasher.hash(content.span))
        #expect(try await client.close().putBytes == content.count)
    }

    @Test("may have a body of any length around those of a base64 word and of a piece that is read at once")
    func lengths() async throws {
        var source = SeededBytes(seed: 81)
        let client = try bench.program()
        for count in Array(0...9) + [49_149, 49_150, 49_151, 49_152, 49_153, 98_300, 98_304, 98_307] {
            let content = source.bytes(count)
            let answer = try await client.put(CacheModel.id("\(count)"), content)
            #expect(try Files.bytes(answer.path) == content, "\(count)")
        }
        try await client.close()
    }

    @Test("whose body does not have the SHA-256 is refused, and the program goes on")
    func wrongHash() async throws {
        let archive = try await HostileArchive(bench: bench).sound()
        let client = try bench.program(archive)
        for content in [Self.content, []] {
            let answer = try await client.put(Self.action, content, output: CacheModel.id("other"))
            #expect(answer.Err?.contains("SHA-256") == true && answer.DiskPath == nil)
            #expect(try await client.get(Self.action).Miss == true)
        }
        #expect(try await client.put(Self.action, Self.content).Err == nil)
        let report = try await client.close()
        #expect(report.errors == 2 && report.puts == 1 && report.misses == 2)
        #expect(try bench.servedNames.sorted() == names(Self.action, Self.content).sorted())
    }

    @Test(
        "whose body is none ends the program, and nothing of it is kept",
        arguments: [
            ("too short", #""QUJD""#, 4), ("too long", #""QUJD""#, 2), ("empty", #""""#, 3),
            ("no string", "QUJD", 3),
            ("null", "null", 3), ("not base64", #""Q*JD""#, 3), ("cut base64", #""QUJ""#, 3),
            ("padded too early", #""QQ==QUJD""#, 4), ("an object", "{}", 3),
            ("a next request", #"{"ID":2}"#, 3),
        ]
    )
    func wrongBody(what: String, body: String, size: Int) async throws {
        let client = try bench.program()
        #expect(try await client.put(CacheModel.id("before"), [1]).Err == nil)
        let output = ContentHasher.hash(Array("ABC".utf8).span)
        let line = ProgramClient.line(putting: Self.action, 50, output, size: size)
        client.write(line + body + "\n" + ProgramClient.line(getting: Self.action, 51))
        let error = await failure("\(what)") { try await client.end() }
        #expect(
            error?.code == .badRequest && error?.remedy == .startWithGo,
            "\(what): \(String(describing: error))"
        )
        await #expect(throws: ProgramClient.Ended.self) { try await client.answer(to: 51) }
        #expect(try bench.servedNames.sorted() == names(CacheModel.id("before"), [1]).sorted(), "\(what)")
    }

    @Test(
        "that the input cuts off leaves nothing, and what came before is kept",
        arguments: [0, 1, 5, 70_000]
    )
    func cut(length: Int) async throws {
        let client = try bench.program()
        #expect(try await client.put(CacheModel.id("before"), [1]).Err == nil)
        let content = [UInt8](repeating: 7, count: 90_000)
        let line = ProgramClient.line(
            putting: Self.action,
            50,
            ContentHasher.hash(content.span),
            size: content.count
        )
        client.write(line + "\"\(Data(content).base64EncodedString())".prefix(length))
        let report = try await client.end()
        #expect(report.puts == 1 && report.errors == 0)
        #expect(try bench.servedNames.sorted() == names(CacheModel.id("before"), [1]).sorted())
        #expect(client.warnings.isEmpty)
    }

    @Test("that the input cuts off behind a line feed is no request either")
    func cutBehindLine() async throws {
        let client = try bench.program()
        let output = ContentHasher.hash([1, 2, 3, 4].span)
        client.write(ProgramClient.line(putting: Self.action, 50, output, size: 4) + "\"bWFk}\n\n")
        let report = try await client.end()
        #expect(report.puts == 0 && report.errors == 0 && client.warnings.isEmpty)
        #expect(try bench.servedNames.isEmpty)
    }

    @Test("goes before what an archive has")
    func overArchive() async throws {
        var model = CacheModel()
        model.addPair("action", Array("archived".utf8))
        let archive = try await bench.pack(model, to: "archive").path
        let client = try bench.program(archive)
        #expect(try await client.get(Self.action).output == CacheModel.id("archived"))
        let answer = try await client.put(Self.action, Self.content)
        #expect(try await client.get(Self.action).path == answer.path)
        try await client.close()
        let next = try bench.program(archive)
        #expect(try await next.get(Self.action).output == ContentHasher.hash(Self.content.span))
        try await next.close()
    }

    @Test("of an output that GOCACHE has does not write it again, unless its content is wrong")
    func again() async throws {
        let path = bench.served("build/\(names(Self.action, Self.content)[1])")
        for isRight in [true, false] {
            try Files.write(isRight ? Self.content : Self.content.map { $0 ^ 1 }, to: path)
            let before = try File(reading: path).status()
            let client = try bench.program()
            #expect(try await client.put(Self.action, Self.content).path == path)
            #expect(try await client.put(CacheModel.id("other"), Self.content).path == path)
            try await client.close()
            #expect(try Files.bytes(path) == Self.content)
            #expect(try (File(reading: path).status().inode == before.inode) == isRight)
        }
    }

    @Test("stays out of GOCACHE on request, is a hit until the program ends, and leaves no trace")
    func keptOut() async throws {
        var model = CacheModel()
        let (archived, output) = model.addPair("archived", Array("archived".utf8))
        let archive = try await bench.pack(model, to: "archive").path
        let client = try bench.program(archive) { $0.keepsPutsOut = true }
        let answer = try await client.put(Self.action, Self.content)
        #expect(answer.Err == nil && answer.path.starts(with: bench.served))
        let hit = try await client.get(Self.action)
        #expect(hit.path == answer.path && hit.Time?.hasPrefix("20") == true)
        #expect(try Files.bytes(hit.path) == Self.content)
        // Neither does an action of the archive change.
        #expect(try await client.put(archived, Self.content).Err == nil)
        #expect(try await client.get(archived).output == ContentHasher.hash(Self.content.span))
        #expect(try await client.put(CacheModel.id("empty"), []).Err == nil)
        #expect(try await client.get(CacheModel.id("empty")).Size == 0)
        let report = try await client.close()
        #expect(report.puts == 3 && report.hits == [.buildCache: 3])
        #expect(try bench.servedNames.isEmpty && client.warnings.isEmpty)
        // What comes from the archive is stored all the same.
        let next = try bench.program(archive) { $0.keepsPutsOut = true }
        #expect(try await next.get(archived).output == output)
        #expect(try await next.get(Self.action).Miss == true)
        try await next.close()
        #expect(try bench.servedNames.sorted() == names(archived, Array("archived".utf8)).sorted())
    }
}
