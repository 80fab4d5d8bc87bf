import SystemPackage
import Testing

@testable import CacheStore

/// Tests of archives whose checksums are right and whose index is wrong.
@Suite("An archive is refused, quickly and without a trace,", .timeLimit(.minutes(10)))
struct HostileIndexTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    private var hostile: HostileArchive { HostileArchive(bench: bench) }

    @Test("but not if the test's own writer leaves the index unchanged")
    func builderIsSound() async throws {
        let sound = try await hostile.sound()
        let copy = try hostile.write(from: sound, to: "copy")
        #expect(try await Verify().run(copy).problems.isEmpty)
        #expect(try bench.members(copy) == bench.members(sound))
        try await bench.restore(copy, to: "out")
    }

    private static let a300 = "'example.com/' || replace(hex(zeroblob(150)), '0', 'a') || '@v1.0.0'"
    private static let a5000 = "'example.com' || replace(hex(zeroblob(1250)), '00', '/abc') || '@v1.0.0'"

    @Test(
        "for the name of a module",
        arguments: [
            "'../x.y@v1.0.0'", "'../../x.y/z@v1.0.0'", "'/x.y/z@v1.0.0'", "'example.com/../../x@v1.0.0'",
            "'example.com//x@v1.0.0'", "'example.com/./x@v1.0.0'", "'example.com/x@../v1'",
            "'example.com/x@v1/../../y'",
            "'example.com/x@'", "'@v1.0.0'", "''", "'example.com/x'", "'example.com/x@v1@v2'",
            "'Example.com/x@v1.0.0'",
            "'example.com/x!@v1.0.0'", "'example.com/!!x@v1.0.0'", "'example.com/x@v1.0.0/'",
            "'cache/download/x.y@v1.0.0'",
            "'example.com/aux@v1.0.0'", "'example.com/..@v1.0.0'", "'..@v1.0.0'", "'example.com/@v1.0.0'",
            "'con.x/y@v1.0.0'", "'example.com/x.@v1.0.0'", "'example.com/x' || char(0) || '@v1.0.0'",
            "'example.com/x' || char(10) || '@v1.0.0'", "'example.com/' || char(233) || '@v1.0.0'",
            "'example.com\\x@v1.0.0'",
            "'example.com/a/../' || char(769) || 'b@v1.0.0'", a300, a5000,
            "x'6578616D706C652E636F6D2F6D4076312E302E30'",
            "'example.com/' || CAST(x'FF' AS TEXT) || '@v1.0.0'",
        ]
    )
    func moduleName(expression: String) async throws {
        let sound = try await hostile.sound()
        let isTree = try hostile.write(
            from: sound,
            sql: "UPDATE tree SET module = \(expression); "
                + "UPDATE download SET module = \(expression) WHERE module = 'example.com/m@v1.0.0'",
            to: "tree"
        )
        try await hostile.expectRefused(isTree)
        let isDownload = try hostile.write(
            from: sound,
            sql: "UPDATE download SET module = \(expression) WHERE module LIKE '%zipped%'",
            to: "download"
        )
        try await hostile.expectRefused(isDownload)
    }

    @Test(
        "for the least and the greatest number in a column that counts from 1",
        arguments: [
            "source_set SET source", "source_set SET id", "action SET sources", "action SET output",
            "tree SET sources", "tree SET manifest", "tree SET stream", "download SET sources",
            "checksum_file SET sources", "stream SET chunk", "stream SET id",
        ]
    )
    func extremes(column: String) async throws {
        let sound = try await hostile.sound()
        for number in ["-9223372036854775808", "9223372036854775807", "0", "4294967297"] {
            for sql in [
                "UPDATE OR REPLACE \(column) = \(number)",
                "INSERT INTO environment VALUES (\(number), 'GOOS', 'linux')",
            ] {
                try await hostile.expectRefused(try hostile.write(from: sound, sql: sql, to: "archive"))
            }
        }
    }

    @Test(
        "for the name of an executable",
        arguments: [
            "'../x'", "'../../../x'", "'/x'", "'a/b'", "'.'", "'..'", "''", "'a' || char(0)",
            "'a' || char(10) || 'b'",
            "replace(hex(zeroblob(128)), '0', 'a')", "'..' || '/' || char(769) || 'b'", "x'61'",
            "'.castore-tool'",
            "CAST(x'FF' AS TEXT)", "7",
        ]
    )
    func executableName(expression: String) async throws {
        let archive = try hostile.write(
            from: try await hostile.sound(),
            sql: "UPDATE output SET executable = \(expression) WHERE executable IS NOT NULL",
            to: "archive"
        )
        // SQLite turns a number in a text column into text. `7` is a valid name, but not that of the digest,
        // which a union computes anew.
        try await hostile.expectRefused(archive, onlyByContent: expression == "7")
    }

    @Test(
        "for the path of a checksum-database file",
        arguments: [
            "'../../x'", "'sum.golang.org/tile/../../../../x'", "'/sum.golang.org/tile/x'",
            "'sum.golang.org/tile//x'",
            "'sum.golang.org/latest'", "'x'", "''", "'sum.golang.org/tile/con'",
            "'sum.golang.org/tile/x' || char(0)",
            "'sum.golang.org/tile/../' || char(769) || 'x'", "'sumdb/tile/x'", "'sum.golang.org/tile/x/'",
            "'sum.golang.org/tile' || replace(hex(zeroblob(1250)), '00', '/abc')",
            "'sum.golang.org/tile/a:b'", "'sum.golang.org/tile/.castore-000'",
        ]
    )
    func checksumPath(expression: String) async throws {
        let archive = try hostile.write(
            from: try await hostile.sound(),
            sql: "UPDATE checksum_file SET path = \(expression)",
            to: "archive"
        )
        try await hostile.expectRefused(archive)
    }

    @Test("for two checksum-database files that can't both be there")
    func checksumCollision() async throws {
        for path in ["sum.golang.org/TILE/8/0/000", "sum.golang.org/tile/8/0/000/x", "sum.golang.org/tile/8"]
        {
            let archive = try hostile.write(
                from: try await hostile.sound(to: "sound for \(path.count)"),
                sql: "INSERT INTO checksum_file VALUES ('\(path)', x'01', 1)",
                to: "archive"
            )
            try await hostile.expectRefused(archive)
        }
    }

    @Test(
        "for numbers that lie",
        arguments: [
            "UPDATE chunk SET size = size + 1 WHERE id = 1", "UPDATE chunk SET size = size - 1 WHERE id = 1",
            "UPDATE chunk SET size = 0 WHERE id = 1", "UPDATE chunk SET size = -1 WHERE id = 1",
            "UPDATE chunk SET size = 4611686018427387904 WHERE id = 1",
            "UPDATE chunk SET size = 8388609 WHERE id = 1",
            "UPDATE chunk SET size = 'x'", "UPDATE chunk SET size = 1.5",
            "UPDATE chunk SET stored = stored + 1 WHERE id = 1", "UPDATE chunk SET stored = 0 WHERE id = 1",
            "UPDATE chunk SET stored = -1 WHERE id = 1",
            "UPDATE chunk SET stored = 9223372036854775807 WHERE id = 1",
            "UPDATE chunk SET offset = offset + 1 WHERE id = 2", "UPDATE chunk SET offset = 0",
            "UPDATE chunk SET offset = -1 WHERE id = 1", "UPDATE chunk SET digest = x'00'",
            "UPDATE chunk SET digest = 'x'",
            "UPDATE chunk SET id = id + 100", "DELETE FROM chunk WHERE id = 1", "DELETE FROM chunk",
            "UPDATE output SET size = size + 1", "UPDATE output SET size = -1",
            "UPDATE output SET size = 4611686018427387904", "UPDATE output SET size = 9223372036854775807",
            "UPDATE output SET id = id + 100", "UPDATE output SET digest = x'00'",
            "UPDATE output SET digest = zeroblob(32)",
            "UPDATE output SET digest = (SELECT digest FROM chunk WHERE id = 4) WHERE id = 2",
            "UPDATE action SET output = 0", "UPDATE action SET output = 3", "UPDATE action SET output = 1",
            "UPDATE action SET output = 'x'", "UPDATE action SET id = x'00' WHERE output = 1",
            "DELETE FROM action",
            "UPDATE action SET sources = 0", "UPDATE action SET sources = 2",
            "UPDATE action SET sources = -1",
            "UPDATE tree SET size = size + 1", "UPDATE tree SET size = -1", "UPDATE tree SET files = -1",
            "UPDATE tree SET files = 4611686018427387904", "UPDATE tree SET files = 9223372036854775807",
            "UPDATE tree SET executables = 99", "UPDATE tree SET executables = -1",
            "UPDATE tree SET manifest = 0",
            "UPDATE tree SET manifest = 99", "UPDATE tree SET stream = 1", "UPDATE tree SET stream = 99",
            "UPDATE tree SET sources = 7", "UPDATE tree SET h1 = zeroblob(32)", "UPDATE tree SET h1 = x'00'",
            "UPDATE tree SET id = 2",
            "INSERT INTO tree SELECT 2, module, h1, files, executables, size, manifest, 4, sources FROM tree",
        ]
    )
    func numbers(sql: String) async throws {
        let archive = try hostile.write(from: try await hostile.sound(), sql: sql, to: "archive")
        try await hostile.expectRefused(archive)
    }

    @Test(
        "for streams, downloads and sources that do not fit",
        arguments: [
            "UPDATE stream SET chunk = 0 WHERE id = 1", "UPDATE stream SET chunk = 99 WHERE id = 1",
            "UPDATE stream SET chunk = 2 WHERE id = 1", "UPDATE stream SET position = 1 WHERE id = 1",
            "UPDATE stream SET position = -1 WHERE id = 1", "UPDATE stream SET id = 0 WHERE id = 1",
            "UPDATE stream SET id = 99 WHERE id = 1",
            "UPDATE stream SET id = 9223372036854775807 WHERE id = 4",
            "INSERT INTO stream VALUES (1, 1, 1)", "INSERT INTO stream VALUES (5, 0, 1)",
            "DELETE FROM stream WHERE id = 2",
            "DELETE FROM stream", "UPDATE download SET kind = 'exe' WHERE kind = 'mod'",
            "UPDATE download SET size = size + 1 WHERE kind = 'mod'",
            "UPDATE download SET value = NULL WHERE kind = 'mod'",
            "UPDATE download SET value = 'text' WHERE kind = 'mod'",
            "UPDATE download SET stream = 1 WHERE kind = 'mod'",
            "UPDATE download SET sources = 9", "DELETE FROM download WHERE kind = 'ziphash'",
            "UPDATE download SET value = x'00', size = 1 WHERE kind = 'ziphash'",
            "UPDATE download SET value = x'00' WHERE kind = 'zip'",
            "UPDATE download SET stream = 3 WHERE stream IS NOT NULL",
            "UPDATE download SET stream = NULL",
            "UPDATE download SET stream = NULL, value = NULL, size = 0 WHERE kind = 'zip'",
            "UPDATE download SET size = size + 1 WHERE stream IS NOT NULL",
            "UPDATE download SET size = 5 WHERE kind = 'zip'",
            "DELETE FROM tree", "UPDATE checksum_file SET value = 'text'",
            "UPDATE checksum_file SET sources = 0",
            "UPDATE source SET id = 2", "UPDATE source SET label = '../x'", "UPDATE source SET label = ''",
            "UPDATE source SET digest = x'00'", "DELETE FROM source",
            "INSERT INTO source VALUES (2, 'a', zeroblob(32))",
            "INSERT INTO source VALUES (2, 'job', zeroblob(32))",
            "INSERT INTO environment VALUES (2, 'GOOS', 'linux')",
            "INSERT INTO environment VALUES (1, 'GOOS', '')",
            "INSERT INTO environment VALUES (1, 'GOOS', x'00')",
            "UPDATE source_set SET source = 2", "UPDATE source_set SET id = 2",
            "INSERT INTO source_set VALUES (2, 1)",
            "DELETE FROM source_set", "DELETE FROM archive", "DELETE FROM archive WHERE name = 'digest'",
            "UPDATE archive SET value = x'00' WHERE name = 'digest'",
            "UPDATE archive SET value = 2 WHERE name = 'format'",
            "INSERT INTO archive VALUES ('more', 1)",
        ]
    )
    func relations(sql: String) async throws {
        let archive = try hostile.write(from: try await hostile.sound(), sql: sql, to: "archive")
        try await hostile.expectRefused(archive)
    }

    @Test(
        "for tables other than those of the format",
        arguments: [
            "DROP TABLE checksum_file; CREATE VIEW checksum_file AS "
                + "SELECT 'sum.golang.org/tile/x' path, x'01' value, 1 sources",
            "CREATE TRIGGER t AFTER INSERT ON chunk BEGIN DELETE FROM chunk; END", "CREATE TABLE more(x)",
            "CREATE INDEX i ON chunk(digest)", "DROP TABLE environment",
            "DROP TABLE environment; CREATE TABLE environment(source, name, value)",
            "ALTER TABLE chunk ADD COLUMN more", "ALTER TABLE tree RENAME TO forest",
            "CREATE VIEW v AS SELECT 1",
            "PRAGMA user_version = 2", "PRAGMA application_id = 1",
            "CREATE VIRTUAL TABLE temp.x USING nothing", "PRAGMA encoding = 'UTF-16'; CREATE TABLE more(x)",
        ]
    )
    func schema(sql: String) async throws {
        let sound = try await hostile.sound()
        let archive: FilePath
        do {
            archive = try hostile.write(from: sound, sql: sql, to: "archive")
        } catch let error as SQLiteError {
            // This SQLite has no such module, so no archive can hold a virtual table of the module either.
            #expect(sql.contains("VIRTUAL"), "\(error)")
            return
        }
        try await hostile.expectRefused(archive)
    }

    @Test(
        "for rows in a wrong order, which SQLite itself does not notice",
        arguments: ["action", "checksum", "download"]
    )
    func order(table: String) async throws {
        let sound = try await hostile.sound()
        var sql = ""
        let keys: ([UInt8], [UInt8])
        switch table {
        case "action":
            let actions = [CacheModel.id("file"), CacheModel.id("program")].sorted()
            keys = (actions[0].bytes, actions[1].bytes)
        case "checksum":
            sql = "INSERT INTO checksum_file VALUES ('sum.golang.org/tile/8/0/999', x'01', 1)"
            keys = (Array("tile/8/0/000".utf8), Array("tile/8/0/999".utf8))
        default:
            sql =
                "INSERT INTO download VALUES ('example.com/zipped@v1.0.1', 'mod', 1, x'41', NULL, 1), "
                + "('example.com/zipped@v1.0.9', 'mod', 1, x'41', NULL, 1)"
            keys = (Array("zipped@v1.0.1mod".utf8), Array("zipped@v1.0.9mod".utf8))
        }
        let archive = try hostile.write(from: sound, sql: sql, to: "archive") { index in
            let first = try #require(index.lastOffset(of: keys.0))
            let second = try #require(index.lastOffset(of: keys.1))
            index = index.replacing(at: first, with: keys.1).replacing(at: second, with: keys.0)
        }
        try await hostile.expectRefused(archive)
    }

    @Test("for an index that is no database, or a damaged one")
    func noDatabase() async throws {
        let sound = try await hostile.sound()
        var source = SeededBytes(seed: 1)
        for round in 0..<40 {
            let archive = try hostile.write(from: sound, to: "archive") { index in
                switch round {
                case 0: index = [UInt8](repeating: 0, count: 4096)
                case 1: index = source.bytes(8192)
                case 2: index.removeLast(4096)
                case 3: index.removeLast(index.count - 4096)
                default:
                    // Part of any page but the first, or 8 bytes behind the database header in the first.
                    let page = Int.random(in: 0..<index.count / 4096, using: &source)
                    let range = page == 0 ? 100..<108 : page * 4096..<page * 4096 + 64
                    index.replaceSubrange(range, with: source.bytes(range.count))
                }
            }
            try await hostile.expectRefused(archive)
        }
    }
}
