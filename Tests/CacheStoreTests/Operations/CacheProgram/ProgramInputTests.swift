import Foundation
import SystemPackage
import Testing

@testable import CacheStore

/// Tests of requests that no go command, or a killed one, writes.
@Suite("The input of a cache program", .timeLimit(.minutes(5)))
struct ProgramInputTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    private static let action = CacheModel.id("action")

    @Test(
        "that is not what Go writes ends the program with an error that says so",
        arguments: [
            "garbage\n", "GET / HTTP/1.1\r\n\r\n", "{}\n", "\u{0}\n", #"{"ID":1,"Command":"get"}"# + "\n",
            String(repeating: "x", count: 1 << 20), String(repeating: "[", count: 60_000) + "\n",
            String(repeating: " ", count: 1 << 20) + "\n",
        ]
    )
    func garbage(text: String) async throws {
        let client = try bench.program()
        #expect(try await client.put(Self.action, [1]).Err == nil)
        client.write(text)
        let error = await failure { try await client.served() }
        #expect(error?.code == .badRequest && error?.remedy == .startWithGo, "\(String(describing: error))")
        #expect(error?.message.contains("standard input") == true)
        // What came before stays, and no scratch file does.
        #expect(try bench.servedNames.count == 2)
        client.abandon()
    }

    @Test("may have blank lines anywhere, and a last line without its end")
    func blanks() async throws {
        let client = try bench.program()
        client.write("\n\n \r\n\t\n")
        let put = ProgramClient.line(putting: Self.action, 5, ContentHasher.hash([UInt8]([1]).span), size: 1)
        client.write(put + "\n\r\n  \t\"AQ==\"\n\n\n" + ProgramClient.line(getting: Self.action, 6))
        #expect(try await client.answer(to: 5).Err == nil)
        #expect(try await client.answer(to: 6).Size == 1)
        client.write(#"{"ID":7,"Command":"clo"#)
        let report = try await client.end()
        #expect(report.gets == 1 && report.puts == 1 && report.errors == 0)
        await #expect(throws: ProgramClient.Ended.self) { try await client.answer(to: 7) }
    }

    @Test("may come in pieces of any length")
    func pieces() async throws {
        var source = SeededBytes(seed: 90)
        let client = try bench.program()
        var text = ""
        let contents = (0..<60).map { _ in source.bytes(Int.random(in: 0..<3_000, using: &source)) }
        for (index, content) in contents.enumerated() {
            let (action, output) = (CacheModel.id("\(index)"), ContentHasher.hash(content.span))
            text += ProgramClient.line(putting: action, 2 * index + 1, output, size: content.count)
            if !content.isEmpty { text += "\"\(Data(content).base64EncodedString())\"\n" }
            text += ProgramClient.line(getting: action, 2 * index + 2)
        }
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = min(rest.count, Int.random(in: 1...2_000, using: &source))
            client.write(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        for (index, content) in contents.enumerated() {
            let hit = try await client.answer(to: 2 * index + 2)
            #expect(try Files.bytes(hit.path) == content)
        }
        try await client.close()
    }

    @Test("may have a request that this version does not know, which fails alone")
    func unknown() async throws {
        let client = try bench.program()
        client.write(#"{"ID":40,"Command":"trim"}"# + "\n")
        #expect(try await client.answer(to: 40).Err?.contains("`trim`") == true)
        #expect(try await client.get(Self.action).Miss == true)
        #expect(try await client.close().errors == 1)
    }

    @Test("ends at the request to close, which is answered after all others")
    func close() async throws {
        var source = SeededBytes(seed: 91)
        var model = CacheModel()
        let actions = (0..<30).map { model.addPair("\($0)", source.halfRandomBytes(300_000)).0 }
        let archive = try await bench.pack(model, to: "archive").path
        let client = try bench.program(archive) { $0.jobs = 3 }
        let lines = actions.enumerated().map { ProgramClient.line(getting: $1, $0 + 1) }.joined()
        client.write(
            lines + #"{"ID":99,"Command":"close"}"# + "\n" + ProgramClient.line(getting: actions[0], 100)
        )
        let report = try await client.served()
        #expect(report.hits == [.archive: actions.count])
        _ = try await client.answer(to: 99)
        #expect(client.order.count == actions.count + 2 && client.order.last == 99)
        client.abandon()
        // Without a request to close, all are answered, too.
        let other = try bench.program(archive) { $0.jobs = 3 }
        other.write(lines)
        #expect(try await other.end().allHits == actions.count)
        #expect(try bench.servedNames.count == 2 * actions.count)
    }

    @Test("is waited for until the task is cancelled, and no scratch file is left then")
    func cancelled() async throws {
        let client = try bench.program() { $0.keepsPutsOut = true }
        #expect(try await client.put(Self.action, [1]).Err == nil)
        #expect(try !bench.servedNames.isEmpty)
        client.cancel()
        await #expect(throws: CancellationError.self) { try await client.served() }
        #expect(try bench.servedNames.isEmpty)
        client.abandon()
    }

    @Test("that can't be read is an error of the system that names standard input")
    func unreadable() async throws {
        let directory = try FileDescriptor.open(bench.root, .readOnly)
        defer { try? directory.close() }
        let output = unsafe try FileDescriptor.open("/dev/null", .writeOnly)
        defer { try? output.close() }
        let program = CacheProgram(buildCache: bench.served)
        let error = await failure { try await program.serve(directory, answering: output) }
        #expect(error?.cause as? Errno == .isDirectory && error?.message.contains("go command") == true)
    }

    @Test("and the answers need an absolute path of GOCACHE")
    func relative() async throws {
        let null = unsafe try FileDescriptor.open("/dev/null", .readWrite)
        defer { try? null.close() }
        for path: FilePath in ["build", "", "./x", "off"] {
            let program = CacheProgram(buildCache: path)
            let error = await failure { try await program.serve(null, answering: null) }
            #expect(error?.code == .badArgument && error?.remedy == .nameAbsolutePath)
        }
    }
}
