import Testing

@testable import CacheStore

@Suite("Zip directory and reader")
struct ZipReaderTests {
    @Test("read what python's zipfile writes, in all its ways")
    func zipfile() throws {
        let pieces = try Python.pieces(
            """
            import random
            r = random.Random(3)
            files = {"go.mod": b"module example.com/m\\n", "empty": b"", "a/b/c.go": b"package c\\n" * 3000,
                "random.bin": r.randbytes(140000), "\\u00fcml\\u00e4ut.txt": b"x", "dir.d/x": b"y" * 7000}
            class Pipe(io.RawIOBase):
                def __init__(self): self.data = bytearray()
                def writable(self): return True
                def write(self, b): self.data += b; return len(b)
            def make(method, stream, zip64, comment, directories):
                out = Pipe() if stream else io.BytesIO()
                with zipfile.ZipFile(out, "w", method) as z:
                    z.comment = comment
                    if directories: z.writestr("example.com/m@v1.0.0/a/", b"")
                    for name, data in files.items():
                        with z.open("example.com/m@v1.0.0/" + name, "w", force_zip64=zip64) as f:
                            f.write(data)
                emit(bytes(out.data) if stream else out.getvalue())
            for name, data in files.items():
                emit(name.encode())
                emit(data)
            for method in (0, 8):
                for stream in (False, True):
                    for zip64 in (False, True):
                        for comment in (b"", b"PK\\5\\6" + bytes(100), b"x" * 65535):
                            make(method, stream, zip64, comment, zip64)
            """
        )
        var expected: [String: [UInt8]] = [:]
        for index in stride(from: 0, to: 12, by: 2) {
            expected[String(decoding: pieces[index], as: UTF8.self)] = pieces[index + 1]
        }
        try #require(pieces.count == 12 + 24)
        for (index, zip) in pieces[12...].enumerated() {
            // The comment of every third zip is the end record of an empty zip. Go, too, reads such a zip as
            // empty.
            let files = try? ZipFixtures.read(zip)
            let isEqual = files == (index % 3 == 1 ? [:] : expected)
            #expect(isEqual, "zip \(index): \(ZipFixtures.failure(of: zip)?.description ?? "")")
        }
    }

    @Test("read a zip with sizes in zip64 fields")
    func zip64() throws {
        let zip = try Self.zip64Zip()
        #expect(try ZipFixtures.read(zip) == ["a.go": Array("hello".utf8)])
    }

    @Test("throw for impossible zip64 numbers")
    func zip64Lies() throws {
        let zip = try Self.zip64Zip()
        let extra = try #require(zip.lastOffset(of: [1, 0, 24, 0]))
        for place in 0..<3 {
            for value: UInt64 in [1, 1 << 20, 1 << 32, 1 << 62, 1 << 63, .max] {
                var bytes: [UInt8] = []
                bytes.append(littleEndian: value)
                #expect(ZipFixtures.failure(of: zip.replacing(at: extra + 4 + 8 * place, with: bytes)) != nil)
            }
        }
        // A field that is too short for its values, and no field at all.
        #expect(ZipFixtures.failure(of: zip.replacing(at: extra + 2, with: [16, 0])) != nil)
        #expect(ZipFixtures.failure(of: zip.replacing(at: extra, with: [2, 0])) != nil)
    }

    @Test("throw for a zip that releases of Go read differently")
    func differences() throws {
        let zip = try Self.zip64Zip()
        // Two zip64 fields, of which Go 1.25 takes the first and Go 1.27 the last.
        #expect(ZipFixtures.failure(of: try Self.zip64Zip(fields: 2))?.message.contains("several") == true)
        // The length of the directory alone leads to the zip64 records: one in Go 1.25, the other in 1.27.
        let end = try #require(zip.lastOffset(of: [0x50, 0x4b, 5, 6]))
        let plain = zip.replacing(at: end + 8, with: [1, 0, 1, 0])
            .replacing(at: end + 16, with: [0, 0, 0, 0])
        for length: [UInt8] in [[0xff, 0xff, 0, 0], [0xff, 0xff, 0xff, 0xff]] {
            let failure = ZipFixtures.failure(of: plain.replacing(at: end + 12, with: length))
            #expect(failure?.message.contains("differently") == true, "\(length)")
        }
    }

    @Test("throw for a zip that is cut short anywhere")
    func truncation() throws {
        let zip = try Self.smallZip()
        for count in 0..<zip.count { #expect(ZipFixtures.failure(of: Array(zip[..<count])) != nil) }
    }

    @Test("throw or give the right content, whatever bit is flipped")
    func flippedBits() throws {
        let zip = try Self.smallZip()
        let contents = Set(try ZipFixtures.read(zip).values)
        for bit in 0..<zip.count * 8 {
            var flipped = zip
            flipped[bit / 8] ^= 1 << (bit % 8)
            guard let files = try? ZipFixtures.read(flipped) else { continue }
            // The zip may read well: the flipped bit may be in a date, or turn a name into another one.
            #expect(contents.isSuperset(of: files.values), "bit \(bit)")
        }
    }

    @Test("never trap on an end record with random numbers")
    func randomEnd() throws {
        let zip = try ZipFixtures.write([("a.go", Array("hello".utf8)), ("b.go", [])])
        var source = SeededBytes(seed: 9)
        for _ in 0..<3_000 {
            var random = zip
            let start = Int.random(in: 0..<zip.count - 8, using: &source)
            for offset in start..<start + 8 {
                random[offset] = [0, 1, 0x7f, 0x80, 0xff].randomElement(using: &source) ?? 0
            }
            _ = ZipFixtures.failure(of: random)
        }
    }

    @Test("do not decode more than the directory says")
    func lyingSizes() throws {
        let pieces = try Python.pieces(
            """
            def patch(zip, field, value):
                at = zip.rindex(b"PK\\1\\2") + field
                return zip[:at] + struct.pack("<I", value) + zip[at + 4:]
            out = io.BytesIO()
            with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
                z.writestr("example.com/m@v1.0.0/zeros", bytes(300_000))
            zip = out.getvalue()
            for size in (0, 1000, 299_999, 300_001, 500 << 20): emit(patch(zip, 24, size))
            emit(patch(zip, 24, (500 << 20) + 1))
            for size in (0, 100, len(zip), 0xfffffff0): emit(patch(zip, 20, size))
            emit(patch(zip, 16, 1))
            """
        )
        try #require(pieces.count == 11)
        for zip in pieces { #expect(ZipFixtures.failure(of: zip) != nil) }
    }

    @Test("refuse a total of more than 500 MiB before reading content")
    func bomb() throws {
        let zip = try #require(
            try Python.pieces(
                """
                # Many directory entries for one large content, as in "A better zip bomb" (Fifield 2019).
                content = zlib.compress(bytes(50 << 20), 9)[2:-4]
                zip, directory = b"", b""
                for i in range(1000):
                    name = b"example.com/m@v1.0.0/%04d" % i
                    local = struct.pack("<IHHHHHIIIHH", 0x04034b50, 20, 0, 8, 0, 33, 0, len(content),
                        50 << 20, len(name), 0)
                    directory += struct.pack("<IHHHHHHIIIHHHHHII", 0x02014b50, 20, 20, 0, 8, 0, 33, 0,
                        len(content), 50 << 20, len(name), 0, 0, 0, 0, 0, len(zip)) + name
                    zip += local + name
                zip += content
                emit(zip + directory + struct.pack("<IHHHHIIH", 0x06054b50, 0, 0, 1000, 1000,
                    len(directory), len(zip), 0))
                """
            ).first
        )
        #expect(ZipFixtures.failure(of: zip)?.message == "Zip has too much content for a module")
    }

    @Test("refuse entries that overlap")
    func overlap() throws {
        let zip = try ZipFixtures.write([("a.go", Array("hello".utf8)), ("b.go", Array("hello".utf8))])
        let directory = try #require(zip.lastOffset(of: [0x50, 0x4b, 1, 2]))
        // The second entry has the first entry's offset, and then its name as well.
        let name = directory + ZipRecord.CentralHeader.size + ZipFixtures.prefix.utf8.count
        let same = zip.replacing(at: directory + ZipRecord.CentralHeader.localHeader, with: [0, 0, 0, 0])
        #expect(ZipFixtures.failure(of: same)?.message == "Zip has an entry with two names")
        let renamed = same.replacing(at: name, with: [UInt8(ascii: "a")])
        #expect(ZipFixtures.failure(of: renamed)?.message == "Zip has entries that overlap")
    }

    @Test(
        "refuse a wrong number of entries",
        arguments: [0, 1, 3, 0xfffe, 0xffff] as [UInt16]
    )
    func count(number: UInt16) throws {
        let zip = try ZipFixtures.write([("a.go", []), ("b.go", [])])
        let record = zip.count - ZipRecord.End.size
        var bytes: [UInt8] = []
        bytes.append(littleEndian: number)
        #expect(ZipFixtures.failure(of: zip.replacing(at: record + ZipRecord.End.count, with: bytes)) != nil)
    }

    @Test("refuse names that Go refuses")
    func names() throws {
        let names = [
            "example.com/m@v1.0.0/../x", "example.com/m@v1.0.0//x", "example.com/m@v1.0.0/./x", "/etc/passwd",
            "example.com/m@v1.0.1/x", "example.com/m@v1.0.0", "x", "example.com/m@v1.0.0/a\\\\b",
            "example.com/m@v1.0.0/nul", "example.com/m@v1.0.0/a\\nb", "example.com/m@v1.0.0/..//",
        ]
        let script = """
            for name in \(names):
                out = io.BytesIO()
                with zipfile.ZipFile(out, "w") as z: z.writestr(name, b"" if name.endswith("/") else b"x")
                emit(out.getvalue())
            """
        let zips = try Python.pieces(script)
        try #require(zips.count == names.count)
        for (name, zip) in zip(names, zips) { #expect(ZipFixtures.failure(of: zip) != nil, "\(name)") }
    }

    @Test("take the slash from a directory's name by bytes, whatever Swift takes for one character")
    func directoryNames() throws {
        let zips = try Python.pieces(
            """
            # U+0600 and U+0D4E are one character with what follows them; only the second is a letter.
            for name in ("a\\u0600/", "\\u0600/", "\\u0d4e/", "a/\\u0d4e/", "a/"):
                out = io.BytesIO()
                with zipfile.ZipFile(out, "w") as z: z.writestr("example.com/m@v1.0.0/" + name, b"")
                emit(out.getvalue())
            """
        )
        let refused = "Zip has a name that Go refuses"
        #expect(zips.map { ZipFixtures.failure(of: $0)?.message } == [refused, refused, nil, nil, nil])
    }

    @Test("refuse a file that is there twice, or is also a directory")
    func collisions() throws {
        let zips = try Python.pieces(
            """
            import warnings
            warnings.simplefilter("ignore")
            for names in (["a", "b", "a"], ["a.b", "a/b", "a"], ["a/", "a"], ["a/", "a/", "a/b", "a.b"]):
                out = io.BytesIO()
                with zipfile.ZipFile(out, "w") as z:
                    for name in names: z.writestr("example.com/m@v1.0.0/" + name, b"")
                emit(out.getvalue())
            """
        )
        #expect(
            zips.map { ZipFixtures.failure(of: $0)?.message } == [
                "Zip has the same file twice", "Zip has a file that is also a directory",
                "Zip has a file that is also a directory", nil,
            ]
        )
    }

    @Test("pass on the sink's own error")
    func sinkError() throws {
        struct Full: Error {}
        let zip = try ZipFixtures.write([("a.go", Array("hello".utf8))])
        let directory = try ZipDirectory(of: zip, prefix: ZipFixtures.prefix)
        var reader = try ZipReader()
        #expect(throws: Full.self) {
            for file in directory.files { try reader.read(file, of: zip) { _ in throw Full() } }
        }
    }

    @Test("read a zip in pieces, however large its files are", arguments: [0, 8])
    func pieces(method: Int) throws {
        final class Source: ZipSource {
            let zip: [UInt8]
            var largest = 0
            init(_ zip: [UInt8]) { self.zip = zip }
            func zipSize() -> Int { zip.count }
            func read(_ range: Range<Int>, into buffer: inout [UInt8]) throws {
                largest = max(largest, range.count)
                try zip.read(range, into: &buffer)
            }
        }
        let script = """
            import random
            out = io.BytesIO()
            with zipfile.ZipFile(out, "w", \(method)) as z:
                z.writestr("example.com/m@v1.0.0/a", random.Random(4).randbytes(500_000))
                z.writestr("example.com/m@v1.0.0/b", bytes(500_000))
            emit(out.getvalue())
            """
        let source = Source(try #require(try Python.pieces(script).first))
        let directory = try ZipDirectory(of: source, prefix: ZipFixtures.prefix)
        source.largest = 0
        var reader = try ZipReader()
        for file in directory.files {
            var size = 0
            try reader.read(file, of: source) { size += $0.count }
            #expect(size == 500_000)
        }
        #expect(source.largest == ZipReader.pieceSize)
    }

    @Test("name the file whose content is wrong")
    func memberName() throws {
        let zip = try ZipFixtures.write([("a.go", Array("hello".utf8)), ("b/c.go", Array("world".utf8))])
        let content = try #require(zip.lastOffset(of: Array("world".utf8)))
        let failure = ZipFixtures.failure(of: zip.replacing(at: content, with: [UInt8(ascii: "W")]))
        #expect(failure?.description == "Content does not match its CRC-32: 'b/c.go'")
    }

    /// Returns a small zip with a deflated, a stored and an empty file and a directory.
    private static func smallZip() throws -> [UInt8] {
        let script = """
            out = io.BytesIO()
            with zipfile.ZipFile(out, "w") as z:
                for name, data, method in (("go.mod", b"module m\\n" * 9, 8), ("a/", b"", 0),
                                           ("a/b", b"hello", 0), ("c", b"", 8)):
                    z.writestr("example.com/m@v1.0.0/" + name, data, method)
            emit(out.getvalue())
            """
        return try #require(try Python.pieces(script).first)
    }

    /// Returns a zip of one file, with zip64 records for its sizes, its offset and the end of the zip.
    private static func zip64Zip(fields: Int = 1) throws -> [UInt8] {
        let script = """
            name, data = b"example.com/m@v1.0.0/a.go", b"hello"
            crc, full = zlib.crc32(data), 0xffffffff
            zip = struct.pack("<IHHHHHIIIHH", 0x04034b50, 45, 0, 0, 0, 33, crc, 5, 5, len(name),
                0) + name + data
            directory = struct.pack("<IHHHHHHIIIHHHHHII", 0x02014b50, 45, 45, 0, 0, 0, 33, crc, full, full,
                len(name), 28 * \(fields), 0, 0, 0, 0, full) + name
            directory += struct.pack("<HHQQQ", 1, 24, 5, 5, 0) * \(fields)
            end = struct.pack("<IQHHIIQQQQ", 0x06064b50, 44, 45, 45, 0, 0, 1, 1, len(directory), len(zip))
            end += struct.pack("<IIQI", 0x07064b50, 0, len(zip) + len(directory), 1)
            emit(zip + directory + end + struct.pack("<IHHHHIIH", 0x06054b50, 0, 0, 0xffff, 0xffff,
                full, full, 0))
            """
        return try #require(try Python.pieces(script).first)
    }
}
