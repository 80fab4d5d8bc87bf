import Foundation
import SystemPackage
import Testing

@testable import CacheStore

/// Tests of one archive per rule of the format, which breaks that rule and has all checksums right.
@Suite("An archive that breaks one rule of the format is refused by verify and by the independent reader")
struct BreachTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    private var hostile: HostileArchive { HostileArchive(bench: bench) }

    /// Expects that both readers say the same of an archive.
    private func expect(_ archive: FilePath, isSound: Bool, _ rule: String) async throws {
        let problems = try await Verify(options: .oneJob).run(archive).problems
        #expect(problems.isEmpty == isSound, "\(rule): verify says \(problems)")
        let complaints = try bench.oracle(archive)
        #expect(complaints.isEmpty == isSound, "\(rule): the independent reader says \(complaints)")
    }

    @Test("but not if no rule is broken")
    func sound() async throws {
        let sound = try await hostile.sound()
        try await expect(sound, isSound: true, "sound")
        try await expect(try hostile.write(from: sound, to: "copy"), isSound: true, "the tests' own copy")
        try await expect(try cut([2_100_000]), isSound: true, "the tests' own output")
    }

    @Test(
        "in its rows",
        arguments: [
            "INSERT INTO source VALUES (2, 'zzz', zeroblob(32)); INSERT INTO source_set VALUES (2, 2)",
            "INSERT INTO source_set VALUES (2, 1)",
            "DELETE FROM action WHERE output = 1",
            "INSERT INTO stream VALUES (99, 0, 1)",
            "INSERT INTO environment VALUES (1, 'GOOS', '')",
            "INSERT INTO environment VALUES (7, 'GOOS', 'linux')",
            "INSERT INTO archive VALUES ('more', 1)",
            "UPDATE archive SET value = zeroblob(32) WHERE name = 'digest'",
            "UPDATE archive SET value = 2 WHERE name = 'format'",
            "DELETE FROM download WHERE kind = 'ziphash' AND module LIKE '%zipped%'",
            "DELETE FROM download WHERE kind = 'ziphash' AND module LIKE '%/m@%'",
            "UPDATE download SET value = CAST('h1:' AS BLOB), size = 3 WHERE kind = 'ziphash'",
            "UPDATE download SET module = 'example.com/.castore-x@v1.0.0' WHERE module LIKE '%zipped%'",
            "UPDATE download SET module = 'example.com/zipped@.castore-x' WHERE module LIKE '%zipped%'",
            "UPDATE download SET module = 'a.b/x@' || replace(hex(zeroblob(125)), '0', 'a') "
                + "WHERE module LIKE '%zipped%'",
            "UPDATE download SET value = zeroblob(16777217), size = 16777217 WHERE kind = 'mod'",
            "UPDATE output SET executable = '.castore-x' WHERE executable IS NOT NULL",
            "UPDATE output SET kind = 'Class'", "UPDATE output SET size = 17179869185",
            "UPDATE source SET label = '-x'", "UPDATE tree SET files = 0",
            "UPDATE tree SET size = 1048576001",
            "UPDATE checksum_file SET path = 'sum.golang.org/tile/.castore-x'",
            "INSERT INTO checksum_file VALUES ('sum.golang.org/TILE/8/0/000', x'01', 1)",
            "INSERT INTO checksum_file VALUES ('sum.golang.org/tile/8/0/000/x', x'01', 1)",
        ]
    )
    func rows(sql: String) async throws {
        try await expect(
            try hostile.write(from: try await hostile.sound(), sql: sql, to: "archive"),
            isSound: false,
            sql
        )
    }

    /// A change of bytes that belong to no row.
    enum Bytes: String, CaseIterable {
        case slack, freePage, emptyPage, autoVacuum, changeCounter, otherCounter, writer, userCookie, order
    }

    @Test("in the bytes of its index", arguments: Bytes.allCases)
    func bytes(change: Bytes) async throws {
        // Rows that were inserted in another order make other pages.
        let rows = """
            PRAGMA temp_store = MEMORY; CREATE TEMP TABLE kept AS SELECT * FROM environment;
            DELETE FROM environment; INSERT INTO environment SELECT * FROM kept ORDER BY name DESC;
            """
        let archive = try hostile.write(
            from: try await hostile.sound(),
            sql: change == .order ? rows : "",
            to: "archive"
        ) { index in
            switch change {
            case .slack: index[4096 + 200] ^= 1
            case .emptyPage: index += [UInt8](repeating: 0, count: 4096)
            case .freePage:
                index += [UInt8](repeating: 0, count: 4096)
                let pages = UInt8(index.count / 4096)
                (index[31], index[35], index[39]) = (pages, pages, 1)
            case .autoVacuum: index[55] = 1
            case .changeCounter: index[27] = 2
            case .otherCounter: index[95] = 2
            case .writer: index[99] ^= 1
            case .userCookie: index[51] = 1
            case .order: break
            }
        }
        try await expect(archive, isSound: false, change.rawValue)
    }

    @Test("in its padding")
    func padding() async throws {
        let sound = try await hostile.sound()
        let trailer = try Trailer(reading: File(reading: sound))
        var bytes = try Files.bytes(sound)
        bytes[trailer.framesSize + 8] = 1
        let archive = bench.path("padding")
        try Files.write(bytes, to: archive)
        try await expect(archive, isSound: false, "padding")
    }

    @Test("in its frames: a content stored twice, or out of order behind all others")
    func frames() async throws {
        let sound = try await hostile.sound()
        let file = try File(reading: sound)
        let trailer = try Trailer(reading: file)
        let first = try #require(try Archive(opening: sound).members().set.chunks.first)
        let frame = try file.bytes(count: first.storedBytes)
        let twice =
            "INSERT INTO chunk SELECT max(id) + 1, (SELECT digest FROM chunk WHERE id = 1), "
            + "\(trailer.framesSize), \(frame.count), \(first.contentBytes), "
            + "\(Int(bitPattern: UInt(first.checksum))) FROM chunk"
        let archive = try hostile.write(from: sound, sql: twice, adding: frame, to: "twice")
        try await expect(archive, isSound: false, "a content stored twice")
        let swapped = "UPDATE stream SET chunk = 3 - chunk WHERE chunk < 3"
        let other = try hostile.write(from: sound, sql: swapped, to: "swapped")
        try await expect(other, isSound: false, "frames out of order")
    }

    @Test("in a frame: no checksum, a long window, a long frame, or no content size")
    func frame() async throws {
        let content = [UInt8](repeating: 7, count: 1000)
        let checksum = littleEndian(XXH64.hash(content.span), 4)
        let magic: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD]
        let block = littleEndian(UInt64(content.count << 3 | 1), 3) + content
        let size = littleEndian(UInt64(content.count), 4)
        let right = magic + [0xA4] + size + block + checksum
        try await expect(try output([(content, right)]), isSound: true, "the tests' own frame")
        let empty = [UInt8](repeating: 0, count: 3)
        let many = (0..<1000).flatMap { _ in empty }
        for (rule, frame) in [
            ("no checksum", magic + [0xA0] + size + block),
            ("a window of 16 MiB", magic + [0x84, 0x70] + size + block + checksum),
            ("no content size", magic + [0x04, 0x00] + block + checksum),
            ("a dictionary", magic + [0xA5, 0x01] + size + block + checksum),
            ("a frame much longer than its content", magic + [0xA4] + size + many + block + checksum),
        ] {
            try await expect(try output([(content, frame)]), isSound: false, rule)
        }
    }

    @Test("in its cuts: an output in two chunks that are too short, or in one that is too long")
    func cuts() async throws {
        try await expect(try cut([2, 1]), isSound: false, "chunks of 2 and 1 bytes")
        try await expect(try cut([2_100_000, 1]), isSound: false, "a cut where no cut is")
        // Bytes that are all equal are never cut before the greatest length.
        try await expect(try cut([8 << 20, 5]), isSound: true, "a cut at 8 MiB")
    }

    private func littleEndian(_ value: UInt64, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
    }

    /// Writes an archive of one output of zeros that is cut into chunks of some lengths.
    private func cut(_ sizes: [Int]) throws -> FilePath {
        let compressor = try ZstdCompressor(level: 1)
        return try output(
            sizes.map { size in
                let content = [UInt8](repeating: 0, count: size)
                return (content, try compressor.frame(content.span))
            }
        )
    }

    /// Writes an archive of one output with some frames.
    private func output(_ parts: [(content: [UInt8], frame: [UInt8])]) throws -> FilePath {
        var set = MemberSet()
        set.sources = [Source(label: "x", environment: GoEnvironment(), digest: CacheModel.id("x"))]
        let sources = set.sourceSets.number(of: [0])
        var frames: [UInt8] = []
        var whole: [UInt8] = []
        for (content, frame) in parts {
            set.chunks.append(
                ChunkRecord(
                    id: ContentHasher.hash(content.span),
                    offset: frames.count,
                    storedBytes: frame.count,
                    contentBytes: content.count,
                    checksum: XXH64.hash(frame.span)
                )
            )
            frames += frame
            whole += content
        }
        let id = ContentHasher.hash(whole.span)
        let numbers = parts.indices.map { ChunkNumber($0) }
        set.outputs = [
            MemberSet.Output(
                id: id,
                size: whole.count,
                executable: nil,
                contentClass: .other,
                chunks: numbers.count == 1 ? .one(numbers[0]) : ChunkList(numbers)
            )
        ]
        set.actions = [MemberSet.Action(id: CacheModel.id("action"), output: id, sources: sources)]
        var index: [UInt8] = []
        let written = try IndexWriter.write(set, digest: set.digest, beside: bench.path("output"))
        try written.forEachPiece { _, piece in for place in piece.indices { index.append(piece[place]) } }
        return try hostile.write(frames: frames, index: index, to: "output")
    }
}
