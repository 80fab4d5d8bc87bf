import Testing

@testable import CacheStore

@Suite("ModuleZipWriter")
struct ModuleZipWriterTests {
    private static let files: [(path: String, content: [UInt8])] = [
        ("LICENSE", Array("free".utf8)), ("a-b.go", []), ("a/b.go", [UInt8](repeating: 7, count: 100_000)),
        ("go.mod", Array("module example.com/m\n".utf8)), ("\u{fc}.txt", Array("\u{fc}".utf8)),
    ]

    @Test("writes what python's zipfile reads and finds right")
    func zipfile() throws {
        let zip = try ZipFixtures.write(Self.files)
        let pieces = try Python.pieces(
            """
            z = zipfile.ZipFile(io.BytesIO(input))
            assert z.testzip() is None
            for i in z.infolist():
                assert (i.date_time, i.compress_type, i.external_attr, i.extra) == (
                    (1980, 1, 1, 0, 0, 0), 0, 0, b"")
                assert bool(i.flag_bits & 0x800) == (not i.filename.isascii()) and i.flag_bits & 8
                emit(i.filename.encode())
                emit(z.read(i))
            """,
            input: zip
        )
        let isEqual =
            pieces == Self.files.flatMap { [Array((ZipFixtures.prefix + $0.path).utf8), $0.content] }
        #expect(isEqual)
    }

    @Test("writes what the reader reads")
    func roundTrip() throws {
        let zip = try ZipFixtures.write(Self.files)
        let isEqual =
            try ZipFixtures.read(zip)
            == Dictionary(uniqueKeysWithValues: Self.files.map { ($0.path, $0.content) })
        #expect(isEqual)
    }

    @Test("writes the same bytes however the content is cut", arguments: [1, 4_096, 99_999])
    func pieces(size: Int) throws {
        let files = Self.files.map { ($0.path, Array($0.content.prefix(5_000))) }
        let isEqual = try ZipFixtures.write(files, pieceSize: size) == ZipFixtures.write(files)
        #expect(isEqual)
    }

    @Test("knows the size of the zip in advance", arguments: [0, 1, 5])
    func size(count: Int) throws {
        let files = Self.files.prefix(count)
        let size = try ModuleZipWriter.size(
            prefix: ZipFixtures.prefix,
            files: files.map { ($0.path, $0.content.count) }
        )
        #expect(try ZipFixtures.write(Array(files)).count == size)
    }

    @Test("uses zip64 from 65,535 files on", arguments: [65_534, 65_535])
    func manyFiles(count: Int) throws {
        let files = (100_000..<100_000 + count).map { (path: String($0), content: [UInt8]()) }
        let zip = try ZipFixtures.write(files)
        #expect(try ZipDirectory(of: zip, prefix: ZipFixtures.prefix).entries.count == count)
        let size = try ModuleZipWriter.size(prefix: ZipFixtures.prefix, files: files.map { ($0.path, 0) })
        #expect(zip.count == size)
        let script = "emit(str(len(zipfile.ZipFile(io.BytesIO(input)).namelist())).encode())"
        #expect(try Python.pieces(script, input: zip) == [Array(String(count).utf8)])
    }

    @Test(
        "refuses a path out of order, twice or invalid",
        arguments: ["a", "b", "B", "", "c/", "../c", "c\n"]
    )
    func paths(second: String) {
        #expect(throws: ZipError.self) { try ZipFixtures.write([("b", []), (second, [])]) }
    }

    @Test("refuses content that is shorter or longer than the file was to be", arguments: [4, 6])
    func wrongSize(size: Int) throws {
        let content = Array("hello".utf8)
        #expect(throws: ZipError.self) {
            var writer = ModuleZipWriter(prefix: ZipFixtures.prefix)
            try writer.begin("a", size: size) { _ in }
            try writer.write(content.span) { _ in }
            try writer.finish { _ in }
        }
    }

    @Test("refuses content before the first file")
    func noFile() {
        let content = Array("hello".utf8)
        var writer = ModuleZipWriter(prefix: ZipFixtures.prefix)
        #expect(throws: ZipError.self) { try writer.write(content.span) { _ in } }
    }

    @Test("refuses more than 500 MiB", arguments: [-1, 500 << 20, 1 << 32, Int.max])
    func tooLarge(size: Int) {
        var writer = ModuleZipWriter(prefix: ZipFixtures.prefix)
        #expect(throws: ZipError.self) { try writer.begin("a", size: size) { _ in } }
        #expect(throws: ZipError.self) {
            try ModuleZipWriter.size(prefix: ZipFixtures.prefix, files: [("a", size), ("b", size)])
        }
    }

    @Test("passes on the sink's own error")
    func sinkError() {
        struct Full: Error {}
        var writer = ModuleZipWriter(prefix: ZipFixtures.prefix)
        #expect(throws: Full.self) { try writer.begin("a", size: 0) { _ in throw Full() } }
    }
}
