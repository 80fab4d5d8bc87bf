import SystemPackage
import Testing

@testable import CacheStore

/// Repairs of archives that lost their index.
@Suite("A repair of an archive without its index")
struct LostIndexTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    /// Packs outputs, of which the first in the archive holds a zstd frame and the beginning of a trailer.
    private func nested() async throws -> (path: FilePath, chunks: [ChunkRecord], frame: [UInt8]) {
        var source = SeededBytes(seed: 661)
        let frame = try ZstdCompressor(level: 1).frame(source.bytes(600).span)
        var model = CacheModel()
        let outputs = (0..<12).map { _ in source.bytes(700) }
        for (index, bytes) in outputs.enumerated() { model.addPair("\(index)", bytes) }
        let ids = outputs.map { ContentHasher.hash($0.span) }
        let content = frame + [0x5C, 0x2A, 0x4D, 0x18, 1, 1, 1] + source.bytes(5000)
        // The archive begins with the output whose ID is the lowest.
        var holder = content
        var number = 0
        while ids.contains(where: { $0 < ContentHasher.hash(holder.span) }) {
            holder = Array("go test data \(number)".utf8) + content
            number += 1
        }
        model.addPair("holder", holder)
        let path = try await bench.pack(model, to: "sound").path
        return (path, try bench.contents(path).set.chunks, frame)
    }

    @Test(
        "is not misled by zstd frames in the content of a damaged frame",
        arguments: [true, false],
        [true, false]
    )
    func misled(isMagicLost: Bool, isTrailerSound: Bool) async throws {
        let (sound, chunks, frame) = try await nested()
        let trailer = try Archive(opening: sound).trailer
        let bad = try bench.copy(sound, to: "bad") { bytes in
            bytes[isMagicLost ? 0 : chunks[0].storedBytes - 10] ^= 1
            #expect(bytes[..<chunks[0].storedBytes].split(separator: frame).count == 2)
            if isTrailerSound {
                bytes[trailer.indexOffset + 5000] ^= 1
            } else {
                bytes.removeLast(bytes.count - trailer.framesSize - 50)
            }
        }
        // The copy has only the frame that the damaged archive lacks.
        let copy = try bench.copy(sound, to: "copy") { bytes in
            for chunk in chunks.dropFirst() { bytes[chunk.offset + chunk.storedBytes - 10] ^= 1 }
        }
        let report = try await bench.repair(bad, from: copy)
        #expect(try Files.id(bench.path("repaired")) == Files.id(sound))
        #expect(report.leftOut.isEmpty && report.unnamedChunks == 0 && report.foreignIndex == copy)
        #expect(report.isComplete == isTrailerSound && report.isIdentical == isTrailerSound)
        #expect((report.statedDigest != nil) == isTrailerSound)
        // The report tells what the damaged archive lacks, and not what the other one lacks.
        #expect(report.replaced.map(\.chunk) == [chunks[0].id] && report.replaced[0].source == copy)
        #expect(report.replaced[0].hasSameBytes && report.replaced[0].offset == chunks[0].offset)
    }

    @Test("takes frames from a file of the same index that is damaged, where that index has them")
    func source() async throws {
        let (sound, chunks, _) = try await nested()
        let offset = try Archive(opening: sound).trailer.indexOffset
        let rotten = try bench.copy(sound, to: "rotten") { bytes in
            bytes[0] ^= 1
            bytes[offset + 5000] ^= 1
        }
        let damaged = try bench.copy(sound, to: "damaged") { bytes in
            for chunk in chunks.dropFirst() { bytes[chunk.offset + chunk.storedBytes - 10] ^= 1 }
        }
        let report = try await bench.repair(damaged, from: rotten)
        #expect(try Files.id(bench.path("repaired")) == Files.id(sound))
        #expect(report.isIdentical && report.replaced.map(\.chunk) == chunks.dropFirst().map(\.id))
    }

    @Test(
        "is proven by the header in front of the index in which the file was cut",
        arguments: [1, 50, 5000]
    )
    func cutIndex(count: Int) async throws {
        let (sound, chunks, _) = try await nested()
        let (bytes, trailer) = (try Files.bytes(sound), try Archive(opening: sound).trailer)
        // Half of the SHA-256 in the header may be damaged or missing.
        for change in [{ _ in }, { $0[trailer.indexOffset - 20] ^= 1 }] as [(inout [UInt8]) -> Void] {
            for rest in [count, -10] {
                let cut = try bench.copy(sound, to: "cut") { bytes in
                    change(&bytes)
                    bytes.removeLast(bytes.count - trailer.indexOffset - rest)
                    bytes[chunks[3].offset + 20] ^= 1
                }
                let report = try await bench.repair(cut, from: sound)
                #expect(report.isComplete && report.isIdentical && report.foreignIndex == sound)
                #expect(report.statedDigest == report.digest && report.unnamedChunks == 0)
                #expect(report.replaced.map(\.chunk) == [chunks[3].id])
                #expect(try Files.bytes(bench.path("repaired")) == bytes)
            }
        }
        let cut = try bench.copy(sound, to: "cut") { $0.removeLast($0.count - trailer.indexOffset - count) }
        let alone = await failure { try await bench.repair(cut) }
        #expect(alone?.remedy == .useOtherIndex || alone?.remedy == .copyOrUnpack)
    }

    @Test("says how many frames are left, if one frame is all that another index agrees on")
    func oneFrame() async throws {
        let (sound, chunks, _) = try await nested()
        let cut = try bench.copy(sound, to: "cut") { $0.removeLast($0.count - chunks[1].offset) }
        let report = try await bench.repair(cut, from: sound)
        #expect(!report.isComplete && report.statedDigest == nil)
        #expect(report.replaced.map(\.chunk) == chunks.dropFirst().map(\.id))
        let message = try #require(report.warnings.first?.message)
        let words = "the only frame that is left lies where that index has \(chunks.count), but nothing"
        #expect(message.contains(words), "\(message)")
    }

    @Test("names the files that are of no use, if there is no other")
    func useless() async throws {
        let (sound, chunks, _) = try await nested()
        let cut = try bench.copy(sound, to: "cut") { $0.removeLast($0.count - chunks[2].offset) }
        try Files.write(Array("no archive\n".utf8), to: bench.path("text"))
        let error = await failure {
            try await bench.repair(cut, from: bench.path("text"), bench.path("missing"))
        }
        #expect(error?.code == .notAnArchive && error?.path == cut && error?.remedy == .useOtherIndex)
        let message = error?.message ?? ""
        #expect(message.contains("the archive lost its end, with the index; 2 pieces of content are left"))
        #expect(!message.contains("zstd"))
        for name in ["text", "missing"] { #expect(message.contains("`\(bench.path(name))` is of no use: ")) }
        #expect(try !bench.names.contains { $0.contains("repaired") })
    }
}
