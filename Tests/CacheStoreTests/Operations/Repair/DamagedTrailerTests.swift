import SystemPackage
import Testing

@testable import CacheStore

/// Repairs of archives that are damaged around an index that is sound.
@Suite("A repair of an archive with a sound index, by itself,")
struct DamagedTrailerTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    private func repair(_ damaged: FilePath, from others: FilePath...) async throws -> Repair.Report {
        var options = Repair.Options()
        options.overwrite = true
        options.jobs = 1
        return try await Repair(options: options).run(damaged, from: others, to: bench.path("repaired"))
    }

    private func pack() async throws -> (path: FilePath, bytes: [UInt8], trailer: Trailer) {
        let path = bench.path("sound")
        if !Files.exists(path) {
            var model = CacheModel()
            for number in 0..<3 { model.addPair("\(number)", Array("content \(number)".utf8)) }
            _ = try await bench.pack(model, to: "sound")
        }
        return (path, try Files.bytes(path), try Archive(opening: path).trailer)
    }

    /// Damages the archive, and expects that a repair without any other gives it back.
    private func expectWhole(
        _ words: String,
        isProven: Bool = true,
        _ change: (inout [UInt8], Trailer) -> Void,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let (_, bytes, trailer) = try await pack()
        let bad = bench.path("bad")
        var damaged = bytes
        change(&damaged, trailer)
        try Files.write(damaged, to: bad)
        let problems = try await Verify().run(bad).problems
        #expect(problems.count == 1, sourceLocation: sourceLocation)
        let isAdvised = [.recoverIndex, .copyOrUnpack].contains(problems.first?.remedy)
        #expect(isAdvised, "\(problems)", sourceLocation: sourceLocation)
        let report = try await repair(bad)
        #expect(try Files.bytes(bench.path("repaired")) == bytes, sourceLocation: sourceLocation)
        #expect(
            report.isComplete == isProven && report.isIdentical == isProven,
            sourceLocation: sourceLocation
        )
        #expect(report.statedDigest == report.digest, sourceLocation: sourceLocation)
        #expect(report.foreignIndex == nil && report.replaced.isEmpty, sourceLocation: sourceLocation)
        #expect(report.warnings.map(\.code) == [.damagedTrailer], sourceLocation: sourceLocation)
        let proof =
            isProven
            ? "its index is sound, by its SHA-256, and was used"
            : "its index has the digest of its members and was used, but nothing proves what it records "
                + "of the environment of the jobs"
        #expect(
            report.warnings.first?.message == "`\(bad)` \(words); \(proof)",
            sourceLocation: sourceLocation
        )
        let error = await failure { try await bench.restore(bad, to: "out") }
        let isRefused = [.corruptArchive, .notAnArchive].contains(error?.code)
        #expect(isRefused, "\(error?.description ?? "")", sourceLocation: sourceLocation)
    }

    @Test("gives it back after a change of any one byte outside of its frames and its index")
    func flips() async throws {
        let (_, bytes, trailer) = try await pack()
        let (index, bad) = (trailer.indexOffset..<trailer.indexOffset + trailer.indexSize, bench.path("bad"))
        let places = bytes.indices.filter { place in
            // Of the zeros before the header, every 97th is enough.
            place >= trailer.framesSize && !index.contains(place)
                && (place % 97 == 0 || place < trailer.framesSize + 8 || place >= trailer.headerOffset)
        }
        #expect(places.count > 64 + 25 + 8)
        for place in places {
            try Files.write(bytes.replacing(at: place, with: [bytes[place] ^ 3]), to: bad)
            let report = try await repair(bad)
            try #require(
                report.isIdentical && report.warnings.count == 1,
                "byte \(place): \(report.warnings)"
            )
            let words = "`\(bad)` is damaged at byte \(place), "
            try #require(report.warnings[0].message.hasPrefix(words), "\(report.warnings)")
            try #require(try Files.bytes(bench.path("repaired")) == bytes, "byte \(place)")
        }
    }

    @Test("gives it back without its last bytes", arguments: [1, 2, 24, 25])
    func cut(count: Int) async throws {
        let words = count == 1 ? "byte" : "\(count) bytes"
        try await expectWhole("lacks its last \(words)") { bytes, _ in bytes.removeLast(count) }
    }

    @Test("gives it back with bytes behind its end", arguments: [1, 25, 5000])
    func appended(count: Int) async throws {
        let words = count == 1 ? "1 byte" : "\(count) bytes"
        try await expectWhole("has \(words) too many at its end") { bytes, _ in
            bytes += [UInt8](repeating: 10, count: count)
        }
    }

    @Test("gives it back with a whole archive behind its end, and counts what was left out")
    func twice() async throws {
        let (_, sound, _) = try await pack()
        var model = CacheModel()
        model.addPair("other", Array("other content".utf8))
        let other = try Files.bytes(await bench.pack(model, to: "other").path)
        for rest in [sound, other] {
            try await expectWhole("has \(rest.count) bytes too many at its end") { bytes, _ in bytes += rest }
            #expect(try await repair(bench.path("bad")).surplusBytes == rest.count)
        }
    }

    @Test("gives it back with any number of false beginnings of an index behind its end")
    func decoys() async throws {
        let (_, bytes, trailer) = try await pack()
        let page = bytes[trailer.indexOffset..<trailer.indexOffset + FormatLimits.pageSize]
        let decoys = Array(repeating: page, count: 40).flatMap(\.self)
        try await expectWhole("has \(decoys.count) bytes too many at its end") { bytes, _ in bytes += decoys }
        let words = "is damaged at byte \(trailer.headerOffset), in its header"
        try await expectWhole("\(words) and has \(decoys.count) bytes too many at its end") {
            bytes,
            trailer in
            bytes[trailer.headerOffset] ^= 1
            bytes += decoys
        }
    }

    @Test("gives it back with a byte too few or too many before its index", arguments: [true, false])
    func shifted(isLost: Bool) async throws {
        try await expectWhole("has 1 byte too \(isLost ? "few" : "many") before its index") {
            bytes,
            trailer in
            let place = trailer.framesSize + 10
            if isLost { bytes.remove(at: place) } else { bytes.insert(0, at: place) }
        }
    }

    @Test("gives it back if nothing is left of all that is around the index")
    func around() async throws {
        let trailer = try await pack().trailer
        let end = trailer.indexOffset + trailer.indexSize
        let words =
            "is damaged at byte \(trailer.framesSize), before its header and is damaged at byte \(end), "
            + "behind its index"
        try await expectWhole(words, isProven: false) { bytes, trailer in
            for place in trailer.framesSize..<trailer.indexOffset { bytes[place] = 0 }
            for place in end..<bytes.count { bytes[place] = 0 }
        }
    }

    @Test("gives it back if the SHA-256 alone is overwritten with zeros")
    func zeros() async throws {
        let offset = try await pack().trailer.indexOffset
        try await expectWhole("is damaged at byte \(offset - 32), in its header", isProven: false) {
            bytes,
            _ in
            for place in offset - 32..<offset { bytes[place] = 0 }
        }
    }

    @Test("leaves out what is damaged in the frames, and takes it from others")
    func both() async throws {
        let (sound, bytes, trailer) = try await pack()
        let bad = try bench.copy(sound, to: "bad") { damaged in
            damaged[trailer.framesSize - 5] ^= 1
            damaged[trailer.headerOffset] ^= 1
        }
        let rest = try await repair(bad)
        #expect(!rest.isComplete && rest.leftOut.count == 1 && rest.foreignIndex == nil)
        #expect(rest.warnings.map(\.code) == [.damagedTrailer, .damagedMember])
        #expect(try await Verify().run(bench.path("repaired")).problems.isEmpty)
        // The other has no sound trailer either.
        let other = try bench.copy(sound, to: "other") { $0.removeLast() }
        let whole = try await repair(bad, from: other)
        #expect(whole.isIdentical && whole.replaced.map(\.source) == [other])
        #expect(try Files.bytes(bench.path("repaired")) == bytes)
    }

    @Test("does not take a damaged index for a sound one")
    func lost() async throws {
        let (sound, bytes, trailer) = try await pack()
        // The last page of the index; the name of the pack, which no digest covers.
        let label = try #require(bytes.indices.last { bytes[$0...].starts(with: "job".utf8) })
        #expect(label > trailer.indexOffset)
        for (name, change) in [
            ("rotten", { $0[trailer.indexOffset + trailer.indexSize - 1] ^= 1 }),
            ("renamed", { $0[label] ^= 1 }),
            (
                "both",
                {
                    $0[label] ^= 1; $0.removeLast()
                }
            ),
        ] as [(String, (inout [UInt8]) -> Void)] {
            let bad = try bench.copy(sound, to: name, changing: change)
            let error = await failure(Comment(rawValue: name)) { try await repair(bad) }
            #expect(error?.remedy == .useOtherIndex && error?.path == bad, "\(name)")
        }
    }

    @Test("says how to go on, if it was compressed as a whole")
    func compressed() async throws {
        var source = SeededBytes(seed: 663)
        var model = CacheModel()
        for number in 0..<12 { model.addPair("\(number)", source.bytes(20_000)) }
        let sound = try await bench.pack(model, to: "sound").path
        let packed = bench.path("packed")
        // What zstd does not compress, it stores as it is, so some frames are found in its output.
        _ = try shell("zstd -q -3 < \"$0\" > \"$1\"", sound.string, packed.string)
        let report = try await repair(packed, from: sound)
        #expect(!report.isComplete)
        let warning = try #require(report.warnings.first { $0.code == .foreignIndex })
        #expect(warning.remedy == .decompress)
        let error = await failure { try await repair(packed) }
        #expect(error?.remedy == .copyOrUnpack)
        // With its length in its header, the output is a frame that could be one of an archive.
        _ = try shell("zstd -q -f \"$0\" -o \"$1\"", sound.string, packed.string)
        let whole = await failure { try await repair(packed, from: sound) }
        #expect(whole?.remedy == .copyOrUnpack)
        // An archive that was cut short was not.
        let cut = try bench.copy(sound, to: "cut") { $0.removeLast($0.count / 2) }
        #expect(try await repair(cut, from: sound).warnings.map(\.remedy) == [nil])
    }
}
