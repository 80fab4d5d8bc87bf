import SystemPackage
import Testing

@testable import CacheStore

/// Archives whose few bytes would take hours to read.
@Suite("An archive with far more content than bytes")
struct ContentLimitTests {
    let bench: Workbench
    let hostile: HostileArchive

    init() throws {
        bench = try Workbench()
        hostile = HostileArchive(bench: bench)
    }

    /// Returns the members of an archive whose outputs repeat one chunk of zeros, 8 MiB long, and the frames.
    ///
    /// - Parameters:
    ///   - uses: The number of times that each output uses the chunk.
    ///   - unused: The number of other chunks.
    /// - Returns: The members and the frames.
    /// - Throws: The error of the compression.
    private func set(_ uses: Int..., unused: Int = 0) throws -> (set: MemberSet, frames: [UInt8]) {
        var set = MemberSet()
        set.sources = [Source(label: "x", environment: GoEnvironment(), digest: CacheModel.id("x"))]
        let sources = set.sourceSets.number(of: [0])
        let compressor = try ZstdCompressor(level: 1)
        var frames: [UInt8] = []
        for index in 0...unused {
            var content = [UInt8](repeating: 0, count: FormatLimits.chunkSize)
            content[0] = UInt8(truncatingIfNeeded: index)
            content[1] = UInt8(truncatingIfNeeded: index >> 8)
            let frame = try compressor.frame(content.span)
            set.chunks.append(
                ChunkRecord(
                    id: index == 0 ? ContentHasher.hash(content.span) : CacheModel.id("unused \(index)"),
                    offset: frames.count,
                    storedBytes: frame.count,
                    contentBytes: content.count,
                    checksum: XXH64.hash(frame.span)
                )
            )
            frames += frame
        }
        let ids = uses.indices.map { CacheModel.id("output \($0)") }.sorted()
        for (id, count) in zip(ids, uses) {
            set.outputs.append(
                MemberSet.Output(
                    id: id,
                    size: count * FormatLimits.chunkSize,
                    executable: nil,
                    contentClass: .package,
                    chunks: ChunkList([ChunkNumber](repeating: ChunkNumber(0), count: count))
                )
            )
        }
        set.actions = ids.map { MemberSet.Action(id: $0, output: $0, sources: sources) }
        return (set, frames)
    }

    private func archive(_ set: MemberSet, _ frames: [UInt8], to name: String) throws -> FilePath {
        let written = try IndexWriter.write(set, digest: set.digest, beside: bench.path(name))
        var index: [UInt8] = []
        try written.forEachPiece { _, piece in
            for position in piece.indices { index.append(piece[position]) }
        }
        return try hostile.write(frames: frames, index: index, to: name)
    }

    @Test(
        "is refused at once by every verb, whether one output or several repeat a chunk",
        arguments: [[2048], [300, 300]]
    )
    func repeated(uses: [Int]) async throws {
        let (set, frames) = uses.count == 1 ? try self.set(uses[0]) : try self.set(uses[0], uses[1])
        let path = try archive(set, frames, to: "hostile")
        let clock = ContinuousClock()
        let begin = clock.now
        try await hostile.expectRefused(path, codes: [.corruptArchive])
        #expect(clock.now - begin < .seconds(30))
        let error = await failure { try bench.contents(path) }
        #expect(error?.message.contains("more content") == true && error?.remedy == .distrust)
        #expect(try bench.oracle(path).contains { $0.contains("more content") })
    }

    @Test("is read where it has as much as a cache with a file of zeros could have")
    func most() throws {
        let (set, frames) = try self.set(250, 250)
        let contents = try bench.contents(archive(set, frames, to: "large"))
        #expect(contents.set.outputs.map(\.size) == [250 << 23, 250 << 23])
    }

    @Test("is refused if frames hold it that no member uses")
    func unused() async throws {
        var (set, frames) = try self.set(2, unused: 600)
        set.chunks = [set.chunks[0]] + set.chunks.dropFirst().sorted { $0.id < $1.id }
        var offset = 0
        for index in set.chunks.indices {
            set.chunks[index].offset = offset
            offset += set.chunks[index].storedBytes
        }
        frames = [UInt8](repeating: 0, count: offset)
        let path = try archive(set, frames, to: "hostile")
        let error = await failure { try bench.contents(path) }
        #expect(error?.code == .corruptArchive && error?.message.contains("more content") == true)
    }

    @Test("is refused if a tree has a million files of no bytes")
    func files() async throws {
        let manifest = [UInt8](repeating: 0, count: 2 << 20)
        let path = try hostile.tree(manifest: manifest, content: [1], files: 1_100_000, to: "hostile")
        let error = await failure { try bench.contents(path) }
        #expect(error?.code == .corruptArchive && error?.message.contains("more content") == true)
    }

    @Test("is not written either")
    func written() async throws {
        let (set, frames) = try self.set(300, 300)
        let writer = try ArchiveWriter(to: bench.path("out"), overwrite: false)
        try writer.write(frames.span, at: 0)
        let error = await failure { try writer.finish(set) }
        writer.discard()
        #expect(error?.code == .damagedCache && error?.message.contains("repeats itself") == true)
        #expect(error?.member?.hasPrefix("output ") == true)
        #expect(try !bench.names.contains("out"))
    }

    @Test("is not selected from one that may hold it; a preview names only a file that it was given")
    func selected() async throws {
        var (set, frames) = try self.set(600)
        var source = SeededBytes(seed: 1130)
        let noise = source.bytes(1 << 20)
        let frame = try ZstdCompressor(level: 1).frame(noise.span)
        set.sources.append(Source(label: "y", environment: GoEnvironment(), digest: CacheModel.id("y")))
        let id = ContentHasher.hash(noise.span)
        let record = ChunkRecord(
            id: id,
            offset: frames.count,
            storedBytes: frame.count,
            contentBytes: noise.count,
            checksum: XXH64.hash(frame.span)
        )
        set.chunks.append(record)
        frames += frame
        let output = MemberSet.Output(
            id: id,
            size: noise.count,
            executable: nil,
            contentClass: .package,
            chunks: ChunkList([ChunkNumber(1)])
        )
        let isFirst = id < set.outputs[0].id
        set.outputs.insert(output, at: isFirst ? 0 : 1)
        let action = MemberSet.Action(id: id, output: id, sources: set.sourceSets.number(of: [1]))
        set.actions.insert(action, at: isFirst ? 0 : 1)
        let path = try archive(set, frames, to: "two")

        var select = Select()
        select.options.only = ["x"]
        let written = await failure { try await select.run([path], to: bench.path("out")) }
        let named = await failure { try await select.preview([path], to: bench.path("out")) }
        let unnamed = await failure { try await select.preview([path]) }
        for error in [written, named, unnamed] {
            #expect(error?.code == .damagedCache && error?.message.contains("repeats itself") == true)
            #expect(error?.remedy == .removeMember)
        }
        #expect(written?.path == bench.path("out") && named?.path == written?.path && unnamed?.path == nil)
        #expect(try !bench.names.contains("out"))
    }

    @Test("that has lost its index is given up, and does not keep a repair for hours")
    func walk() async throws {
        let compressor = try ZstdCompressor(level: 1)
        var content = [UInt8](repeating: 0, count: 8 << 20)
        var frames: [UInt8] = []
        // A frame that repeats another is not decoded, and does not count.
        for number in 0..<600 {
            (content[0], content[1]) = (UInt8(number & 0xFF), UInt8(number >> 8))
            frames += try compressor.frame(content.span)
        }
        try Files.write(frames, to: bench.path("frames"))
        var walk = try FrameWalk(FrameFile(File(reading: bench.path("frames"))))
        do {
            _ = try walk.records { _ in }
            Issue.record("the walk reads everything")
        } catch let error as CacheStoreError {
            #expect(error.code == .corruptArchive && error.message.contains("more content"))
        }
        // Beside a file that is of use, it is only a warning.
        let sound = try await hostile.sound()
        var source = SeededBytes(seed: 673)
        let chunks = try bench.contents(sound).set.chunks
        let damaged = try bench.damage(sound, frames: chunks, to: "damaged", &source)
        let others = [bench.path("frames"), sound]
        let report = try await Repair().run(damaged, from: others, to: bench.path("repaired"))
        #expect(report.isIdentical && report.warnings.map(\.code) == [.uselessArchive])
    }
}
