@testable import CacheStore

/// Module zips: a zip with a hash is written again with the same hash.
struct ZipTarget: FuzzTarget {
    private let module: ModuleKey

    init() throws {
        guard let module = ModuleKey("example.com/m@v1.0.0") else { fail("a module has no name") }
        self.module = module
    }

    func run(_ bytes: [UInt8]) {
        do {
            let prefix = module.unescaped + "/"
            let directory = try ZipDirectory(of: bytes, prefix: prefix)
            var reader = try ZipReader()
            var total = 0
            var files: [(path: String, content: [UInt8])] = []
            var isSound = true
            for entry in directory.entries {
                expect(entry.content.lowerBound >= 0, "`\(entry.path)` lies before the zip")
                expect(entry.content.upperBound <= bytes.count, "`\(entry.path)` lies behind the zip")
                total += entry.size
                guard total <= 1 << 22 else { return }
                var content: [UInt8] = []
                do {
                    try reader.read(entry, of: bytes) { piece in
                        for index in piece.indices { content.append(piece[index]) }
                        expect(content.count <= entry.size, "`\(entry.path)` has more than its size")
                    }
                    expect(entry.isDirectory || content.count == entry.size, "`\(entry.path)` has less")
                } catch is ZipError {
                    isSound = false
                }
                if !entry.isDirectory { files.append((entry.path, content)) }
            }
            let hash = try? ModuleZip.h1(of: bytes, module: module)
            expect((hash != nil) == isSound, "a zip has a hash and a fault, or neither")
            // Go's hash counts directories, which a zip that is written here does not have.
            guard let hash, files.count == directory.entries.count else { return }
            expect(try rewritten(files) == hash, "a zip that was written has another hash")
        } catch is ZipError {
            return
        } catch {
            fail("a zip: \(error)")
        }
    }

    private func rewritten(_ files: [(path: String, content: [UInt8])]) throws -> ObjectID {
        var (writer, zip) = (ModuleZipWriter(prefix: module.unescaped + "/"), [UInt8]())
        func put(_ piece: Span<UInt8>) { for index in piece.indices { zip.append(piece[index]) } }
        for file in files.sorted(by: { $0.path.precedes($1.path) }) {
            try writer.begin(file.path, size: file.content.count, into: put)
            try writer.write(file.content.span, into: put)
        }
        try writer.finish(into: put)
        return try ModuleZip.h1(of: zip, module: module)
    }
}
