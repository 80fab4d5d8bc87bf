import SystemPackage
import Testing

@testable import CacheStore

/// Repairs of files in which bytes were lost or added in front of the index.
@Suite("A repair of an archive whose frames have moved")
struct MovedFramesTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    private func pack() async throws -> (path: FilePath, bytes: [UInt8], chunks: [ChunkRecord]) {
        var source = SeededBytes(seed: 681)
        var model = CacheModel()
        for number in 0..<12 { model.addPair("\(number)", source.bytes(700)) }
        let path = try await bench.pack(model, to: "sound").path
        return (path, try Files.bytes(path), try bench.contents(path).set.chunks)
    }

    @Test(
        "gives it back if bytes were added in front of it or between frames",
        arguments: [1, 100, 4096, 9000]
    )
    func added(count: Int) async throws {
        let (sound, bytes, chunks) = try await pack()
        for place in [0, chunks[5].offset] {
            let bad = try bench.copy(sound, to: "bad") {
                $0.insert(contentsOf: [UInt8](repeating: 7, count: count), at: place)
            }
            let report = try await bench.repair(bad)
            #expect(try Files.bytes(bench.path("repaired")) == bytes, "\(place)")
            #expect(report.isComplete && report.isIdentical && report.replaced.isEmpty, "\(place)")
            #expect(report.foreignIndex == nil && report.statedDigest == report.digest, "\(place)")
            #expect(report.warnings.map(\.code) == [.damagedTrailer], "\(place)")
        }
    }

    @Test("leaves out the frame in which bytes were added or lost, and takes it from others")
    func inside() async throws {
        let (sound, bytes, chunks) = try await pack()
        let place = chunks[5].offset + 300
        for change in [
            { $0.remove(at: place) },
            { $0.removeSubrange(place..<place + 100) },
            { $0.insert(contentsOf: [1, 2, 3], at: place) },
        ] as [(inout [UInt8]) -> Void] {
            let bad = try bench.copy(sound, to: "bad", changing: change)
            let rest = try await bench.repair(bad)
            #expect(!rest.isComplete && rest.leftOut.count == 1)
            #expect(try await Verify().run(bench.path("repaired")).problems.isEmpty)
            let whole = try await bench.repair(bad, from: sound)
            #expect(whole.isIdentical && whole.replaced.map(\.chunk) == [chunks[5].id])
            #expect(try Files.bytes(bench.path("repaired")) == bytes)
        }
    }

    @Test("gives all that is left of the last of two archives, of which the first one is damaged")
    func appended() async throws {
        let (sound, bytes, _) = try await pack()
        var model = CacheModel()
        model.addPair("other", Array("other content".utf8))
        let other = try await bench.pack(model, to: "other").path
        let end = try Archive(opening: sound).trailer.framesSize
        let tail = try Files.bytes(other)
        let bad = try bench.copy(sound, to: "bad") { $0 = Array($0[..<end]) + tail }
        let report = try await bench.repair(bad)
        // The index names the smaller part of what is left.
        #expect(!report.isComplete && !report.isIdentical && report.leftOut.isEmpty)
        #expect(try Files.id(bench.path("repaired")) == Files.id(other))
        // A copy of the first archive names more.
        let first = try await bench.repair(bad, from: sound)
        #expect(first.foreignIndex == sound && !first.isComplete)
        #expect(try Files.bytes(bench.path("repaired")) == bytes)
    }

    @Test("takes everything from a copy if no frame is left")
    func trailerAlone() async throws {
        let (sound, bytes, chunks) = try await pack()
        let end = try Archive(opening: sound).trailer.framesSize
        let bad = try bench.copy(sound, to: "bad") { $0.removeFirst(end) }
        let alone = await failure { try await bench.repair(bad) }
        #expect(alone?.code == .corruptArchive)
        let report = try await bench.repair(bad, from: sound)
        #expect(report.isComplete && report.isIdentical && report.replaced.count == chunks.count)
        #expect(try Files.bytes(bench.path("repaired")) == bytes)
    }
}
