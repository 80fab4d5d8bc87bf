import SystemPackage
import Testing

@testable import CacheStore

/// Archives whose few bytes hold zips that would take hours to inflate.
///
/// Most zips of these tests state far more content than they have, so that a reader that believes them until
/// the end is at once found out by its error, and nobody has to wait.
@Suite("Stored zips with far more content than bytes")
struct ZippedContentTests {
    let bench: Workbench
    let hostile: HostileArchive

    /// The number of zips of 500 MiB that are just too many for 4 GiB.
    private static let tooMany = 9

    init() throws {
        bench = try Workbench()
        hostile = HostileArchive(bench: bench)
    }

    private func module(_ number: Int) -> CacheModel.Module {
        CacheModel.Module(path: "example.com/m\(number)", version: "v1.0.0", files: [])
    }

    private func member(_ number: Int) -> String { "zip \(module(number).key)" }

    /// Returns a zip with one file, and 520 kB of zeros where its content should be.
    ///
    /// - Parameters:
    ///   - number: The number of the module.
    ///   - size: The length of the file, as the zip states it.
    /// - Returns: The zip, which is a valid one but for the content of the file.
    private func zip(_ number: Int, stating size: Int = FormatLimits.zipSize) -> [UInt8] {
        let name = Array("\(module(number).key)/zeros".utf8)
        let data = [UInt8](repeating: 0, count: 520_000)
        func attributes(_ zip: inout [UInt8]) {
            for value: UInt16 in [20, 0, ZipEntry.Method.deflated.rawValue, 0, ZipRecord.firstDate] {
                zip.append(littleEndian: value)
            }
            for value in [0, data.count, size] { zip.append(littleEndian: UInt32(value)) }
            for value in [name.count, 0] { zip.append(littleEndian: UInt16(value)) }
        }
        var zip: [UInt8] = []
        zip.append(littleEndian: ZipRecord.LocalHeader.signature)
        attributes(&zip)
        zip += name + data
        let directory = zip.count
        zip.append(littleEndian: ZipRecord.CentralHeader.signature)
        zip.append(littleEndian: UInt16(20))
        attributes(&zip)
        zip += [UInt8](repeating: 0, count: 14) + name
        return zip + ZipDirectoryEnd(directory: directory..<zip.count, count: 1).records
    }

    /// Writes an archive that stores such zips, whatever a pack would say to that.
    private func archive(of count: Int, to name: String) throws -> FilePath {
        let compressor = try ZstdCompressor(level: 1)
        var set = MemberSet()
        set.sources = [Source(label: "x", environment: GoEnvironment(), digest: CacheModel.id("x"))]
        let sources = set.sourceSets.number(of: [0])
        var frames: [UInt8] = []
        for number in 0..<count {
            let key = try #require(ModuleKey(module(number).key))
            let zip = zip(number)
            let frame = try compressor.frame(zip.span)
            let id = ContentHasher.hash(zip.span)
            set.chunks.append(
                ChunkRecord(
                    id: id,
                    offset: frames.count,
                    storedBytes: frame.count,
                    contentBytes: zip.count,
                    checksum: XXH64.hash(frame.span)
                )
            )
            frames += frame
            let stored = MemberSet.Download.Content.stored(
                id: id,
                size: zip.count,
                chunks: .one(ChunkNumber(number))
            )
            let hash = MemberSet.Download.Content.bytes(Array(ModuleHash.text(of: id).utf8))
            set.downloads += [
                MemberSet.Download(module: key, kind: .zip, content: stored, sources: sources),
                MemberSet.Download(module: key, kind: .ziphash, content: hash, sources: sources),
            ]
        }
        var index: [UInt8] = []
        let written = try IndexWriter.write(set, digest: set.digest, beside: bench.path(name))
        try written.forEachPiece { _, piece in for position in piece.indices { index.append(piece[position]) }
        }
        return try hostile.write(frames: frames, index: index, to: name)
    }

    @Test("are refused by every verb that would inflate them, for the archive as a whole, before it does")
    func refused() async throws {
        let path = try archive(of: Self.tooMany, to: "hostile")
        #expect(try Files.bytes(path).count < 60_000)
        try await hostile.expectRefused(path, codes: [.corruptArchive, .damagedCache], onlyByContent: true)
        let problems = try await Verify().run(path).problems
        #expect(problems.count == 1)
        let skipping = await failure {
            try await bench.restore(path, to: "skipped", ofModulesAlone: true) { $0.skipsDamaged = true }
        }
        let repair = await failure { try await Repair().run(path, from: [], to: bench.path("repaired")) }
        for error in problems + [skipping, repair].compactMap(\.self) {
            #expect(error.code == .corruptArchive && error.message.contains("more content"))
            #expect(error.member == member(Self.tooMany - 1) && error.path == path)
            #expect(error.remedy == .distrust)
        }
        #expect(skipping != nil && repair != nil)
        let complaint = "\(member(Self.tooMany - 1)): more content than frames of this length may hold"
        #expect(try bench.oracle(path) == [complaint])
    }

    @Test("are not written by a union either")
    func union() async throws {
        let path = try archive(of: Self.tooMany, to: "hostile")
        let error = await failure { try await bench.unite(path, to: "out") }
        #expect(error?.code == .damagedCache && error?.message.contains("repeat themselves") == true)
        #expect(error?.member == member(Self.tooMany - 1) && error?.remedy == .removeMember)
        #expect(try !bench.names.contains("out"))
    }

    @Test("are judged by their files where all together have room")
    func room() async throws {
        let path = try archive(of: Self.tooMany - 1, to: "large")
        let problems = try await Verify().run(path).problems
        #expect(problems.map(\.member).sorted { "\($0 ?? "")" < "\($1 ?? "")" } == (0..<8).map(member))
        #expect(problems.allSatisfy { !$0.message.contains("more content") })
        #expect(try !bench.oracle(path).contains { $0.contains("more content") })
        #expect(try await bench.unite(path, to: "union").report.totals.byKind[.zip]?.members == 8)
    }

    @Test("end a pack before they are inflated, unless other content makes room for them")
    func pack() async throws {
        var model = CacheModel()
        for number in 0..<Self.tooMany {
            try model.addModule(module(number), [.zip, .mod, .hash])
            model.files["\(module(number).download).zip"]?.bytes = zip(number)
        }
        let caches = try bench.write(model, to: "caches")
        let error = await failure { try await bench.pack(caches, to: "out") }
        #expect(error?.code == .damagedCache && error?.member == member(Self.tooMany - 1))
        #expect(error?.remedy == .removeMember)
        #expect(try !bench.names.contains("out"))
        // With room, each zip is read and found wrong.
        var source = SeededBytes(seed: 77)
        model.addPair("other", source.bytes(1 << 20))
        let (_, report) = try await bench.pack(model, to: "larger")
        let zips = report.leftOut.filter { $0.path.string.hasSuffix(".zip") }
        #expect(zips.count == Self.tooMany && zips.allSatisfy { $0.reason == .wrongModuleHash })
    }

    @Test("count by the lengths of their files, to the byte")
    func exact() async throws {
        var model = CacheModel()
        var sizes: [Int] = []
        for number in 0..<3 {
            var module = module(number)
            module.files = [("a", [UInt8](repeating: 1, count: 1000 + number), false), ("b", [2], false)]
            try model.addModule(module, [.zip, .mod, .hash])
            sizes.append(1001 + number)
        }
        let pack = try await bench.pack(model, to: "pack")
        #expect(try await Verify().run(pack.path).problems.isEmpty)
        #expect(try bench.oracle(pack.path).isEmpty)
        let contents = try bench.contents(pack.path)
        let reader = try ChunkReader(contents.archive)
        func first(_ room: Int) throws -> String? {
            try ZippedContent(of: contents.set, room: room).firstBeyondLimit(with: reader)?.text
        }
        #expect(try first(sizes[0] + sizes[1] + sizes[2]) == nil)
        #expect(try first(sizes[0] + sizes[1] + sizes[2] - 1) == module(2).key)
        #expect(try first(sizes[0] + sizes[1] - 1) == module(1).key)
        #expect(try first(0) == module(0).key)
    }
}
