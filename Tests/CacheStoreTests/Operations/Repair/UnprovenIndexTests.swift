import SystemPackage
import Testing

@testable import CacheStore

/// Repairs of archives whose index lacks its header, so that its SHA-256 does not prove it.
@Suite("A repair of an archive whose index nothing proves")
struct UnprovenIndexTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    /// Writes a copy without a header, with one byte of the index changed.
    private func damage(_ sound: FilePath, at place: Int) throws -> FilePath {
        let trailer = try Archive(opening: sound).trailer
        return try bench.copy(sound, to: "bad") { bytes in
            for place in trailer.headerOffset..<trailer.indexOffset { bytes[place] = 0 }
            bytes[place] ^= 1
        }
    }

    /// Returns the place of some bytes in the index.
    private func place(of bytes: some Collection<UInt8>, in sound: FilePath) throws -> Int {
        let (all, trailer) = (try Files.bytes(sound), try Archive(opening: sound).trailer)
        let range = trailer.indexOffset..<trailer.indexOffset + trailer.indexSize
        return try #require(range.last { all[$0...].starts(with: bytes) })
    }

    /// Returns the places in the index that no digest covers: a label, the name and the checksum of a chunk.
    private func uncoveredPlaces(in sound: FilePath) throws -> [(place: Int, isMended: Bool)] {
        let set = try bench.contents(sound).set
        // An output of one chunk has the name of the chunk, and a manifest's name is in the digest.
        let number = try #require(set.trees.first?.chunks.numbers.first)
        let chunk = set.chunks[number]
        let checksum = (0..<8).map { UInt8(truncatingIfNeeded: chunk.checksum >> UInt64(56 - 8 * $0)) }
        let label = try place(of: "job".utf8, in: sound)
        let (all, trailer) = (try Files.bytes(sound), try Archive(opening: sound).trailer)
        // The chunk's row ends in the checksum.
        let sum = try place(of: checksum, in: sound)
        let name = try #require(
            (trailer.indexOffset..<sum).last { all[$0...].starts(with: chunk.id.bytes) }
        )
        return [(label, false), (sum, true), (name, true)]
    }

    @Test("says so, and takes no frame for damaged that is sound")
    func alone() async throws {
        let sound = try await HostileArchive(bench: bench).sound()
        for (place, isMended) in try uncoveredPlaces(in: sound) {
            let report = try await bench.repair(try damage(sound, at: place))
            #expect(!report.isComplete && !report.isIdentical && report.leftOut.isEmpty, "\(place)")
            #expect(report.statedDigest == report.digest && report.replaced.isEmpty, "\(place)")
            #expect(report.warnings.map(\.code) == [.damagedTrailer], "\(place)")
            let message = report.warnings.first?.message ?? ""
            #expect(message.contains("nothing proves what it records"), "\(message)")
            #expect(try await Verify().run(bench.path("repaired")).problems.isEmpty, "\(place)")
            #expect(try (Files.id(bench.path("repaired")) == Files.id(sound)) == isMended, "\(place)")
        }
    }

    @Test("uses the index of a copy, and proves nothing")
    func copy() async throws {
        let sound = try await HostileArchive(bench: bench).sound()
        for (place, _) in try uncoveredPlaces(in: sound) {
            let report = try await bench.repair(try damage(sound, at: place), from: sound)
            #expect(try Files.id(bench.path("repaired")) == Files.id(sound), "\(place)")
            #expect(report.foreignIndex == sound && !report.isComplete && report.leftOut.isEmpty, "\(place)")
            #expect(report.statedDigest == report.digest, "\(place)")
            #expect(report.warnings.map(\.code) == [.foreignIndex], "\(place)")
        }
    }

    @Test("is proven by a copy that has the same index")
    func same() async throws {
        let sound = try await HostileArchive(bench: bench).sound()
        let trailer = try Archive(opening: sound).trailer
        let bad = try damage(sound, at: trailer.headerOffset)
        let report = try await bench.repair(bad, from: sound)
        #expect(report.isComplete && report.isIdentical && report.foreignIndex == nil)
        #expect(try Files.id(bench.path("repaired")) == Files.id(sound))
    }

    @Test("keeps its own index beside an archive that is no copy")
    func other() async throws {
        let sound = try await HostileArchive(bench: bench).sound()
        let bad = try damage(sound, at: Archive(opening: sound).trailer.headerOffset)
        var model = CacheModel()
        model.addPair("other", Array("other content".utf8))
        let more = try await bench.pack(model, as: "other", to: "more").path
        let other = try await bench.unite(sound, more, to: "other").path
        let report = try await bench.repair(bad, from: other)
        #expect(!report.isComplete && report.foreignIndex == nil && report.leftOut.isEmpty)
        #expect(try Files.id(bench.path("repaired")) == Files.id(sound))
    }
}
