import Foundation
import SystemPackage
import Testing

@testable import CacheStore

/// Tests of archives that are missing, damaged or exchanged.
@Suite("A cache program with a bad archive", .timeLimit(.minutes(5)))
struct ProgramDamageTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    private static let action = CacheModel.id("victim")
    private static let content = Array("the victim's content".utf8)

    /// Packs the victim and another pair, each of which has a frame of its own.
    private func pack(_ content: [UInt8] = content, to name: String = "sound") async throws -> FilePath {
        var model = CacheModel()
        model.addPair("victim", content)
        model.addPair("other", Array("something else".utf8))
        return try await bench.pack(model, as: "job", to: name).path
    }

    /// Returns a copy of an archive in which the frame of an output is damaged.
    private func damage(_ archive: FilePath, _ content: [UInt8], to name: String) throws -> FilePath {
        var source = SeededBytes(seed: 5)
        let id = ContentHasher.hash(content.span)
        let chunks = try bench.contents(archive).set.chunks.filter { $0.id == id }
        try #require(chunks.count == 1)
        return try bench.damage(archive, frames: chunks, to: name, &source)
    }

    private func expectOneWarning(_ client: ProgramClient, about path: FilePath, _ what: String = "") {
        #expect(client.warnings.map(\.code) == [.unservedArchive], "\(what)")
        #expect(client.warnings.first?.message.contains(path.string) == true, "\(what): \(client.warnings)")
    }

    @Test("that is no archive at all serves misses with one warning, and the other archives as ever")
    func unreadable() async throws {
        let sound = try await pack()
        try Files.write(Array("garbage".utf8), to: bench.path("garbage"))
        try Files.write([], to: bench.path("empty"))
        try Files.makeDirectory(bench.path("directory"))
        try Files.write(Array(Files.bytes(sound).dropLast(100)), to: bench.path("cut"))
        try Files.makeFIFO(bench.path("fifo"))
        for name in ["absent", "garbage", "empty", "directory", "cut", "fifo"] {
            let client = try bench.program(bench.path(name))
            #expect(
                try await client.get([Self.action, Self.action]).allSatisfy { $0.Miss == true },
                "\(name)"
            )
            #expect(try await client.put(CacheModel.id("new"), [1]).Err == nil)
            #expect(try await client.close().misses == 2)
            expectOneWarning(client, about: bench.path(name), name)
            for archives in [[bench.path(name), sound], [sound, bench.path(name)]] {
                let both = try ProgramClient(bench.path("other \(name)"), archives)
                #expect(try await both.get(Self.action).Size == Self.content.count, "\(name)")
                try await both.close()
                expectOneWarning(both, about: bench.path(name), name)
            }
            try Directory(opening: bench.root).removeAll("other \(name)")
            let strict = try bench.program(sound, bench.path(name)) { $0.isStrict = true }
            let error = await failure("\(name)") { try await strict.end() }
            #expect(error != nil && error?.code != .badRequest)
            await #expect(throws: ProgramClient.Ended.self) { try await strict.answer(to: 0) }
        }
    }

    @Test("serves all but a damaged frame, whose output comes from the next archive that has it")
    func frame() async throws {
        let sound = try await pack()
        let damaged = try damage(sound, Self.content, to: "damaged")
        let client = try bench.program(damaged)
        #expect(try await client.get([Self.action, Self.action]).allSatisfy { $0.Miss == true })
        #expect(try await client.get(CacheModel.id("other")).Size == 14)
        let report = try await client.close()
        #expect(report.misses == 2 && report.hits == [.archive: 1] && report.errors == 2)
        expectOneWarning(client, about: damaged)
        #expect(client.warnings.first?.message.contains("\(ContentHasher.hash(Self.content.span))") == true)
        #expect(try bench.servedNames.count == 2)
        let both = try bench.program(damaged, sound)
        #expect(try await both.get(Self.action).Size == Self.content.count)
        try await both.close()
        expectOneWarning(both, about: damaged)
        // A frame is read when it is wanted, so a strict program is content with the index.
        let strict = try bench.program(damaged) { $0.isStrict = true }
        #expect(try await strict.get(Self.action).Size == Self.content.count, "GOCACHE has it by now")
        try await strict.close()
    }

    /// Makes an archive in whose index two actions have exchanged their outputs, without its SHA-256.
    ///
    /// - Parameter tail: The number of empty pages after the rows, which make the check take longer.
    /// - Returns: The archive.
    /// - Throws: The error of writing.
    private func exchanged(tail: Int = 0) async throws -> FilePath {
        let sound = try await pack(to: "base of \(tail)")
        let sql = """
            UPDATE action SET output = (SELECT max(id) + min(id) FROM output) - output
            """
        let hostile = try HostileArchive(bench: bench).write(from: sound, sql: sql, to: "hostile")
        let opened = try Archive(opening: hostile)
        var index = try opened.frames.file.bytes(
            at: opened.trailer.indexOffset,
            count: opened.trailer.indexSize
        )
        // SQLite states the number of pages in its header, most significant byte first.
        let size = index.count + tail * FormatLimits.pageSize
        for (place, shift) in zip(28..<32, [24, 16, 8, 0]) {
            index[place] = UInt8(truncatingIfNeeded: (size / FormatLimits.pageSize) >> shift)
        }
        let trailer = Trailer(
            version: 1,
            framesSize: opened.trailer.framesSize,
            indexSize: size,
            indexID: CacheModel.id("another index")
        )
        let head = try #require(trailer.head)
        let path = bench.path("exchanged")
        try Files.write(Array(Files.bytes(hostile).prefix(trailer.framesSize)) + head + index, to: path)
        let file = try FileDescriptor.open(path, .writeOnly)
        defer { try? file.close() }
        _ = try file.writeAll(toAbsoluteOffset: Int64(trailer.fileSize - Trailer.markSize), trailer.tail)
        return path
    }

    @Test("never serves a hit from an index that does not have its SHA-256, not even before that is known")
    func index() async throws {
        // The check of 100,000 pages takes a fifth of a second or more, and a lookup takes none.
        for tail in [0, 100_000] {
            let damaged = try await exchanged(tail: tail)
            let client = try bench.program(damaged) { $0.jobs = 2 }
            let answers = try await client.get([Self.action, CacheModel.id("in no archive")])
            #expect(answers.allSatisfy { $0.Miss == true }, "the other action's output: \(answers)")
            if tail > 0 { #expect(client.order == [0, 2, 1], "a miss waits for nothing") }
            let later = try await client.get([Self.action, CacheModel.id("other")])
            #expect(later.allSatisfy { $0.Miss == true }, "\(later)")
            #expect(try await client.close().allHits == 0)
            expectOneWarning(client, about: damaged)
            #expect(try bench.servedNames.isEmpty)
            #expect(!Files.exists(bench.served.appending(CheckedArchives.name)))
            let strict = try bench.program(damaged) { $0.isStrict = true }
            let error = await failure { try await strict.end() }
            #expect(error?.code == .corruptArchive)
        }
    }

    @Test("whose rows are none gives misses, with one warning", arguments: [true, false])
    func rows(isHashed: Bool) async throws {
        let sound = try await pack()
        for sql in [
            "DELETE FROM stream", "UPDATE chunk SET offset = 1 << 40", "DELETE FROM output",
            "DROP TABLE stream",
        ] {
            var damaged = try HostileArchive(bench: bench).write(from: sound, sql: sql, to: "hostile")
            if !isHashed {
                damaged = try bench.copy(damaged, to: "copy") { bytes in
                    // The SHA-256 of the index ends where the index begins.
                    bytes[try Archive(opening: bench.path("hostile")).trailer.indexOffset - 1] ^= 1
                }
            }
            let client = try bench.program(damaged)
            #expect(try await client.get(Self.action).Miss == true, "\(sql)")
            #expect(try await client.get(CacheModel.id("nowhere")).Miss == true, "\(sql)")
            // A miss does not wait for the check, which alone finds the fault where rows are not there.
            while !isHashed, client.warnings.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
            #expect(try await client.close().allHits == 0)
            if isHashed, sql == "DELETE FROM output" {
                #expect(client.warnings.isEmpty, "a lookup can't see this")
            } else {
                expectOneWarning(client, about: damaged, sql)
            }
            try? Directory(opening: bench.root).removeAll("served")
        }
    }

    @Test("notes the check of a sound index, and hashes the index again when the archive was replaced")
    func replaced() async throws {
        let sound = try await pack()
        let copy = try bench.copy(sound, to: "archive")
        let note = bench.served.appending(CheckedArchives.name)
        for _ in 1...2 {
            let client = try bench.program(copy)
            #expect(try await client.get(Self.action).Size == Self.content.count)
            try await client.close()
            #expect(try Files.bytes(note).count { $0 == 0x0A } == 1)
        }
        _ = try await exchanged()
        try Directory(opening: bench.root).rename("exchanged", to: "archive")
        for name in try Directory(opening: bench.served).names().valid where name != CheckedArchives.name {
            try Directory(opening: bench.served).removeAll(name)
        }
        let client = try bench.program(copy)
        #expect(try await client.get(Self.action).Miss == true)
        try await client.close()
        expectOneWarning(client, about: copy)
        #expect(try Files.bytes(note).count { $0 == 0x0A } == 1)
    }

    @Test("keeps to the file that it has opened when another one gets its name")
    func renamed() async throws {
        let sound = try await pack(), path = try bench.copy(sound, to: "archive")
        let other = try await pack(Array("the content of another archive".utf8), to: "other")
        let client = try bench.program(path)
        #expect(try await client.get(CacheModel.id("other")).Size == 14)
        try Directory(opening: bench.root).rename("other", to: "archive")
        #expect(try await client.get(Self.action).Size == Self.content.count, "\(other)")
        try await client.close()
        #expect(client.warnings.isEmpty)
    }

    @Test("that is written over while it is served gives no hit any more, even if all bytes fit together")
    func overwritten() async throws {
        let path = try bench.copy(try await pack(), to: "archive")
        let client = try bench.program(path)
        #expect(try await client.get(CacheModel.id("other")).Size == 14)
        // These bytes have another index: its rows are sound, and its actions have the wrong outputs.
        let bytes = try Files.bytes(try await exchanged())
        try Files.write(bytes, to: path)
        try Files.setTime(1_000_000_000, of: path.string)
        let answers = try await client.get([Self.action, Self.action])
        #expect(answers.allSatisfy { $0.Miss == true }, "\(answers)")
        try await client.close()
        expectOneWarning(client, about: path)
        #expect(try bench.servedNames.count == 2)
    }
}
