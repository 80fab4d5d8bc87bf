import Testing

@testable import CacheStore

@Suite("ModuleHash and ModuleZip")
struct ModuleZipTests {
    /// A Python version of `Hash1` in dirhash/hash.go, for the files of a zip.
    private static let reference = """
        import base64
        def h1(files):
            lines = b"".join(hashlib.sha256(files[n]).hexdigest().encode() + b"  " + n + b"\\n"
                             for n in sorted(files))
            return b"h1:" + base64.b64encode(hashlib.sha256(lines).digest())

        """

    @Test("of no files is the hash that Go prints")
    func empty() {
        #expect(
            ModuleHash.text(of: ModuleHash().finish()) == "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
        )
    }

    @Test("equal python's h1 of stored and deflated zips")
    func python() throws {
        let pieces = try Python.pieces(
            Self.reference + """
                import random
                r = random.Random(5)
                for method in (0, 8):
                    for count in (0, 1, 2, 40):
                        # U+212B and U+00C5 are one to a Swift string, and U+212B comes before U+00E9.
                        starts = ["a/", "a.", "B/", "\\u00c5/", "a-", "\\u65e5", "z/a/",
                                  "\\u212b/", "\\u00e9/"]
                        names = ["%s%d.go" % (r.choice(starts), i // 2 * 2)
                                 for i in range(count)] + (["a/"] if count == 2 else [])
                        files = {("example.com/m@v1.0.0/" + n).encode(): b"" if n.endswith("/")
                                 else b"x" * r.randint(0, 3000) for n in names}
                        out = io.BytesIO()
                        with zipfile.ZipFile(out, "w", method) as z:
                            for name, data in files.items(): z.writestr(name.decode(), data)
                        emit(out.getvalue())
                        emit(h1(files))
                """
        )
        try #require(pieces.count == 16)
        for index in stride(from: 0, to: 16, by: 2) {
            let zip = pieces[index]
            let hash = try ModuleZip.h1(of: zip, module: ZipFixtures.module)
            #expect(ModuleHash.text(of: hash) == String(decoding: pieces[index + 1], as: UTF8.self))
        }
    }

    @Test("of a file that is cut short meanwhile are an error, not a signal")
    func cutShort() throws {
        var source = SeededBytes(seed: 4)
        let zips = [
            try ZipFixtures.write([("a.go", source.bytes(100_000))]),
            try #require(
                try Python.pieces(
                    """
                    out = io.BytesIO()
                    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
                        z.writestr("example.com/m@v1.0.0/a.go", bytes(range(256)) * 4000)
                    emit(out.getvalue())
                    """
                ).first
            ),
        ]
        let bench = try Workbench()
        for zip in zips {
            let path = bench.path("a.zip")
            try Files.write(zip, to: path)
            let file = try File(reading: path)
            #expect(try ModuleZip.h1(of: file, module: ZipFixtures.module) == h1(zip))
            let directory = try ZipDirectory(of: file, prefix: ZipFixtures.prefix)
            let entry = try #require(directory.entries.first)
            try Files.write(Array(zip.prefix(100)), to: path)
            var reader = try ZipReader()
            #expect(throws: ZipError("Zip is cut short", member: "a.go")) {
                try reader.read(entry, of: file) { _ in }
            }
            #expect(throws: ZipError.self) { try ModuleZip.h1(of: file, module: ZipFixtures.module) }
        }

        func h1(_ zip: [UInt8]) throws -> ObjectID { try ModuleZip.h1(of: zip, module: ZipFixtures.module) }
    }

    @Test("is the same for any order of the files")
    func order() {
        let names = ["m@v1/B", "m@v1/a-b", "m@v1/a.b", "m@v1/a/b", "m@v1/f", "m@v1/\u{e9}"]
        let content = ContentHasher.hash([1].span)
        var forward = ModuleHash()
        var backward = ModuleHash()
        for name in names { forward.add(name: name, id: content) }
        for name in names.reversed() { backward.add(name: name, id: content) }
        #expect(forward.finish() == backward.finish())
        var other = ModuleHash()
        for name in names.dropLast() { other.add(name: name, id: content) }
        #expect(forward.finish() != other.finish())
    }
}
