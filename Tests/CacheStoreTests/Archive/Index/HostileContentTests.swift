import SystemPackage
import Testing

@testable import CacheStore

/// Tests of archives whose index is sound and whose content is not.
@Suite("An archive is refused, and nothing written outside of the caches,", .timeLimit(.minutes(10)))
struct HostileContentTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    private var hostile: HostileArchive { HostileArchive(bench: bench) }

    private static let longElement = String(repeating: "a", count: 300)
    private static let longPath = (0..<1_250).map { _ in "abc/" }.joined() + "x"

    @Test(
        "for the path of a file in a tree",
        arguments: [
            "../x", "../../../../x", "a/../x", "a/../../x", "/abs", "/", "a//b", "a/", "", ".", "..", "./a",
            "a/.", "a\0b", "a\tb",
            longElement, longPath, "con", "a/aux.go", "COM1", "a.", "a./b", "a\\b", "a:b", "a/../\u{301}b",
            "..\u{301}/../b",
            "a/..//\u{301}", "a\u{7F}", "a*", "a\u{85}/../b",
        ]
    )
    func treePath(path: String) async throws {
        let archive = try hostile.tree(
            manifest: Array("f 1 \(path)\n".utf8),
            content: [1],
            files: 1,
            to: "archive"
        )
        try await hostile.expectRefused(archive, onlyByContent: true)
    }

    @Test(
        "for a text that is no manifest",
        arguments: [
            "", "f 1 a", "g 1 a\n", "f a\n", "f  1 a\n", "f 01 a\n", "f -1 a\n", "f +1 a\n", "f 1a b\n",
            "f 1 a\n\n", "\n",
            "f 2 a\n", "f 0 a\n", "f 9223372036854775807 a\n", "f 99999999999999999999 a\n",
            "f 999999999999999999 a\n",
            "f 1 a\nf 0 a\n", "f 1 a\nf 0 A\n", "f 0 a\nf 1 a/b\n", "f 0 A\nf 1 a/b\n", "f 1 b\nf 0 a\n",
            "f 0 a/B/c\nf 1 a/b\n", "x 1 a\n", "f 1 a\nx 0 b\n", "f 0 \u{e9}\nf 1 e\u{301}\n",
        ]
    )
    func manifest(text: String) async throws {
        // An empty manifest can't be stored: a manifest of one zero byte takes its place.
        let bytes = text.isEmpty ? [0] : Array(text.utf8)
        let files = max(1, text.count { $0 == "\n" })
        let archive = try hostile.tree(manifest: bytes, content: [1], files: files, to: "archive")
        try await hostile.expectRefused(archive, onlyByContent: files <= bytes.count)
    }

    @Test("for a manifest that is not UTF-8")
    func invalidText() async throws {
        let archive = try hostile.tree(
            manifest: Array("f 1 ".utf8) + [0xFF, 0x0A],
            content: [1],
            files: 1,
            to: "archive"
        )
        try await hostile.expectRefused(archive, onlyByContent: true)
    }

    @Test("for sizes in a manifest whose sum overflows")
    func overflow() async throws {
        let lines = (10..<30).map { "f 999999999999999999 a\($0)\n" }.joined()
        let archive = try hostile.tree(manifest: Array(lines.utf8), content: [1], files: 20, to: "archive")
        try await hostile.expectRefused(archive, onlyByContent: true)
    }

    @Test("for a sound tree that does not have its hash; nothing of the tree is left")
    func wrongHash() async throws {
        let archive = try hostile.tree(
            manifest: Array("f 1 a.go\n".utf8),
            content: [1],
            files: 1,
            to: "archive"
        )
        try await hostile.expectRefused(archive, codes: [.corruptArchive], onlyByContent: true)
        #expect(!Files.exists(bench.path("a/b/c/target/mod/example.com/m@v1.0.0")))
    }

    @Test(
        "for content that is not what the index names",
        arguments: [
            "UPDATE chunk SET checksum = checksum + 1 WHERE id = 1",
            "UPDATE chunk SET size = size + 1 WHERE id = 1; UPDATE output SET size = size + 1 WHERE id = 1",
            "UPDATE chunk SET digest = zeroblob(32) WHERE id = (SELECT manifest FROM tree)",
            "UPDATE tree SET files = files - 1", "UPDATE tree SET executables = 1",
            "UPDATE download SET value = zeroblob(32) WHERE stream IS NOT NULL",
        ]
    )
    func content(sql: String) async throws {
        let archive = try hostile.write(from: try await hostile.sound(), sql: sql, to: "archive")
        try await hostile.expectRefused(archive, codes: [.corruptArchive], onlyByContent: true)
    }

    @Test("for an output with another content than its ID, although the chunk's ID is changed with it")
    func renamedOutput() async throws {
        let archive = try hostile.write(
            from: try await hostile.sound(),
            sql:
                "UPDATE output SET digest = zeroblob(32) WHERE id = 1; "
                + "UPDATE chunk SET digest = zeroblob(32) WHERE id = 1",
            to: "archive"
        )
        try await hostile.expectRefused(archive, codes: [.corruptArchive], onlyByContent: true)
    }

    @Test("for an empty output under another ID than that of no bytes")
    func emptyOutput() async throws {
        var model = CacheModel()
        model.addPair("empty", [])
        let sound = try await bench.pack(model, to: "sound").path
        let archive = try hostile.write(
            from: sound,
            sql: "UPDATE output SET digest = zeroblob(32)",
            to: "archive"
        )
        try await hostile.expectRefused(archive, codes: [.corruptArchive], onlyByContent: true)
    }

    @Test("for a digest that is not that of its members, also by set verbs and beside the sound archive")
    func wrongDigest() async throws {
        let sound = try await hostile.sound()
        let archive = try hostile.write(
            from: sound,
            sql: "UPDATE archive SET value = zeroblob(32) WHERE name = 'digest'",
            to: "archive"
        )
        #expect(try await Verify().run(archive).problems.map(\.code) == [.corruptArchive])
        try await hostile.expectRefused(archive, codes: [.corruptArchive])
        let without = try hostile.write(
            from: sound,
            sql: "DELETE FROM archive WHERE name = 'digest'",
            to: "without"
        )
        #expect(await failure { try await Archive(opening: without).contents() }?.remedy == .makeAgain)
        let filters: [(inout Select.Options) -> Void] = [
            { $0.kept = [.package] }, { $0.excluded = [Glob("none")].compactMap(\.self) },
            { $0.maximumBytes = 1 << 30 }, { $0.heldIn = [sound] }, { $0.level = 1 }, { _ in },
        ]
        for inputs in [[sound, archive], [archive, sound]] {
            var verbs: [() async throws -> Void] = [
                { try await Union().run(inputs, to: bench.path("made")) },
                { try await Intersect().run(inputs, to: bench.path("made")) },
                { try await Difference().run(inputs[0], without: [inputs[1]], to: bench.path("made")) },
                { _ = try await bench.select([sound], to: "made") { $0.heldIn = [archive] } },
            ]
            for filter in filters {
                verbs.append { _ = try await bench.select(inputs, to: "made", configure: filter) }
                verbs.append { _ = try await bench.preview(inputs, configure: filter) }
            }
            for (number, verb) in verbs.enumerated() {
                let error = await failure("verb \(number)", of: verb)
                #expect(error?.code == .corruptArchive && error?.path == archive, "verb \(number)")
                #expect(error?.message.contains("its digest") == true, "verb \(number)")
                #expect(error?.remedy == .makeAgain, "verb \(number)")
                #expect(!Files.exists(bench.path("made")), "verb \(number)")
            }
        }
    }

    @Test("for bytes that are not one frame, or a frame of too much content, without memory for that content")
    func frames() async throws {
        let compressor = try ZstdCompressor(level: 1)
        let zeros = [UInt8](repeating: 0, count: 8 << 20)
        let bomb = try compressor.frame(zeros.span)
        let small = try compressor.frame([1].span)
        let manifest = try compressor.frame(Array("f 1 a\n".utf8).span)
        let skippable: [UInt8] = [0x50, 0x2A, 0x4D, 0x18, 1, 0, 0, 0, 7]
        for frame in [
            bomb, small + small, small + skippable, skippable + small, Array(small.dropLast()), small + [0],
        ] {
            let sound = try hostile.tree(manifest: Array("f 1 a\n".utf8), content: [1], files: 1, to: "sound")
            let changed = try hostile.write(
                from: sound,
                sql: "UPDATE chunk SET stored = \(frame.count), "
                    + "checksum = \(Int(bitPattern: UInt(XXH64.hash(frame.span)))) WHERE id = 2",
                to: "index"
            )
            let file = try File(reading: changed)
            let trailer = try Trailer(reading: file)
            let index = try file.bytes(at: trailer.indexOffset, count: trailer.indexSize)
            let archive = try hostile.write(frames: manifest + frame, index: index, to: "archive")
            try await hostile.expectRefused(archive, onlyByContent: true)
        }
    }

    @Test("where its outputs would fill any disk, before anything is written")
    func outputBomb() async throws {
        let archive = try await bomb("output", stream: 1, rows: 60_000)
        let error = await failure { try await bench.restore(archive, to: "target") }
        #expect(error?.code == .corruptArchive)
        #expect(!Files.exists(bench.path("target")))
    }

    @Test("where a zip would be larger than Go takes, before memory is taken for it")
    func zipBomb() async throws {
        try await hostile.expectRefused(try await bomb("zip", stream: 2, rows: 60_000))
    }

    /// Returns an archive with 480 GB of content: a stream that repeats one chunk of zeros.
    private func bomb(_ kind: String, stream: Int, rows: Int) async throws -> FilePath {
        var model = CacheModel()
        model.addPair("zeros", [UInt8](repeating: 0, count: 8 << 20))
        let module = CacheModel.Module(
            path: "example.com/m",
            version: "v1.0.0",
            files: [("go.mod", [1], false)]
        )
        if kind == "zip" { try model.addModule(module, [.zip, .mod, .hash]) }
        let sound = try await bench.pack(model, to: "sound").path
        let size = kind == "zip" ? "UPDATE download SET size = size +" : "UPDATE output SET size = size +"
        return try hostile.write(
            from: sound,
            sql: """
                WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(rows))
                INSERT INTO stream SELECT \(stream), i, 1 FROM n;
                \(size) \(rows) * 8388608 WHERE \(kind == "zip" ? "stream = 2" : "id = 1")
                """,
            to: "archive"
        )
    }
}
