import SystemPackage
import Testing

@testable import CacheStore

/// Tests of archives with a number that no pack writes, whose checksums are right.
@Suite("Any integer of an index, at its limits,", .timeLimit(.minutes(10)))
struct HostileNumberTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    private static let columns = [
        "archive.value", "source.id", "environment.source", "source_set.id", "source_set.source", "chunk.id",
        "chunk.offset", "chunk.stored", "chunk.size", "chunk.checksum", "stream.id", "stream.position",
        "stream.chunk", "output.id", "output.size", "action.output", "action.sources", "tree.id",
        "tree.files", "tree.executables", "tree.size", "tree.manifest", "tree.stream", "tree.sources",
        "download.size", "download.stream", "download.sources", "checksum_file.sources",
    ]

    private static let numbers = [
        "-9223372036854775808", "9223372036854775807", "-1", "0", "4611686018427387904", "4294967296",
        "2147483648",
    ]

    /// The errors that say that an archive is bad, or that the machine has no room for what it claims to
    /// hold.
    private static let codes: Set<CacheStoreError.Code> = [.corruptArchive, .unsafePath, .noSpace, .notFound]

    @Test("is refused by all readers, or harmless", arguments: columns)
    func limits(column: String) async throws {
        let hostile = HostileArchive(bench: bench)
        let sound = try await hostile.sound()
        let parts = column.split(separator: ".").map(String.init)
        let (table, name) = (parts[0], parts[1])
        for number in Self.numbers {
            for row in ["min", "max"] {
                let key = table == "archive" || table == "checksum_file" || table == "download" ? 2 : 1
                let place =
                    key == 2
                    ? "typeof(\(name)) = 'integer'"
                    : "\(name) = (SELECT \(row)(\(name)) FROM \(table))"
                let archive = try hostile.write(
                    from: sound,
                    sql: "INSERT OR IGNORE INTO environment VALUES (1, 'GOOS', 'linux');"
                        + "UPDATE OR REPLACE \(table) SET \(name) = \(number) WHERE \(place)",
                    to: "archive"
                )
                try await readAll(archive, "\(column) = \(number)")
            }
        }
    }

    /// Reads an archive in all ways, none of which may trap or accept what is wrong.
    private func readAll(_ archive: FilePath, _ what: String) async throws {
        let isSound = try await Verify(options: .oneJob).run(archive).problems.isEmpty
        var results: [(any Error)?] = []
        func run(_ body: () async throws -> Void) async {
            do {
                try await body()
                results.append(nil)
            } catch {
                results.append(error)
            }
        }
        let opened = try Archive(opening: archive)
        let name = "\(UInt64.random(in: 0 ... .max))"
        await run { _ = try await opened.summary() }
        await run { _ = try await opened.contents() }
        await run { _ = try await bench.unite(archive, to: "union \(name)") }
        await run { try await bench.restore(archive, to: "target \(name)") }
        await run { try await bench.image(archive, to: "image \(name)") }
        let names: [(Member.Kind, String)] = [
            (.action, CacheModel.id("file").description), (.action, CacheModel.id("program").description),
            (.output, ContentHasher.hash(Array("an object file".utf8).span).description),
            (.mod, "example.com/m@v1.0.0"), (.zip, "example.com/zipped@v1.0.0"),
            (.checksum, "sum.golang.org/tile/8/0/000"),
        ]
        for (kind, name) in names {
            await run { for try await _ in try await opened.content(of: kind, named: name) {} }
        }
        await run {
            let file = try await opened.content(of: .tree, named: "example.com/m@v1.0.0", file: "m.go")
            for try await _ in file {}
        }
        for error in results.compactMap(\.self) {
            let code = (error as? CacheStoreError)?.code
            #expect(code.map(Self.codes.contains) ?? false, "\(what): \(error)")
        }
        // A restore and an image need all that a verification checks.
        if isSound { #expect(results.allSatisfy { $0 == nil }, "\(what): \(results)") }
        if !isSound, !what.hasPrefix("archive.value") {
            #expect(results[3] != nil, "\(what): restore accepts it")
            #expect(results[4] != nil, "\(what): layers accepts it")
        }
    }

    @Test("of a file's length is refused before arithmetic: a sparse file of 8 EiB")
    func sparseFile() async throws {
        // Few file systems hold such a file. Where one does, the archive's mark may stand at its very end.
        let path = FilePath("/dev/shm/castore-\(UInt64.random(in: 0 ... .max)).castore")
        try Files.write([], to: path)
        defer { try? Files.remove(path) }
        let file = try File(reading: path)
        let end = Int.max - 25
        guard
            let writable = try? Directory(opening: "/dev/shm").creatingFile(
                path.lastComponent?.string ?? "",
                mode: 0o644,
                replacing: true
            )
        else { return }
        let mark: [UInt8] =
            Array("Start-Of-SQLite3-".utf8) + [0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xE6]
        guard (try? writable.write(mark.span, at: end - 1)) != nil else { return }
        _ = file
        let error = await failure { _ = try Archive(opening: path) }
        #expect(error?.code == .notAnArchive)
    }
}
