import SystemPackage
import Testing

@testable import CacheStore

/// Tests of archives that released versions wrote, which must stay readable for ever.
///
/// `Golden/v1.castore` holds four action entries and three outputs: one of 300 bytes, an empty one and the
/// executable `tool`. The archive also holds the modules `example.com/Upper/mod@v1.0.0` and
/// `example.com/plain@v0.1.0-pre.1` with their downloads, and two checksum-database files.
@Suite("Golden archives")
struct GoldenArchiveTests {
    private static let path = FilePath(#filePath).removingLastComponent().removingLastComponent()
        .appending("Golden").appending("v1.castore")

    @Test("an archive of format version 1 opens, has the digest it was written with, and is sound")
    func opens() async throws {
        let archive = try Archive(opening: Self.path)
        #expect(archive.formatVersion == 1)
        let contents = try await archive.contents()
        #expect(
            contents.digest.description == "d54c33b8fc5e801441161a859b1343900d452e1713ec94a4fd0a0991dcaf603a"
        )
        #expect(contents.sources.map(\.label) == ["golden"])
        let report = try await Verify().run(Self.path)
        #expect(report.problems.isEmpty)
    }

    @Test("an archive of format version 1 lists the members that were packed")
    func lists() async throws {
        let contents = try await Archive(opening: Self.path).contents()
        var names: [Member.Kind: [String]] = [:]
        for member in contents.members { names[member.kind, default: []].append(member.name) }
        #expect(names[.tree] == ["example.com/!upper/mod@v1.0.0", "example.com/plain@v0.1.0-pre.1"])
        #expect(names[.action]?.count == 4)
        #expect(names[.output]?.count == 3)
        #expect(names[.checksum]?.count == 2)
        let files = try await contents.files(ofTree: "example.com/!upper/mod@v1.0.0")
        #expect(files.map(\.path) == ["a.go", "empty.txt", "go.mod", "sub/b.go"])
    }

    @Test("uniting an archive of format version 1 with itself gives its bytes")
    func unites() async throws {
        let directory = FilePath("/tmp/castore-golden-\(UInt64.random(in: .min ... .max))")
        let root = try Directory.creating(directory)
        defer { try? Directory(opening: "/tmp").removeAll(directory.lastComponent?.string ?? "") }
        let output = root.path(of: "union.castore")
        _ = try await Union().run([Self.path, Self.path], to: output)
        let bytes = try File(reading: output).bytes(count: 1 << 20)
        #expect(try bytes == File(reading: Self.path).bytes(count: 1 << 20))
    }
}
