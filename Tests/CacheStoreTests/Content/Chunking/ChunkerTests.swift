import Testing

@testable import CacheStore

@Suite("The chunker", .timeLimit(.minutes(10)))
struct ChunkerTests {
    /// Returns the lengths of the chunks of a stream.
    private func cuts(_ bytes: [UInt8]) -> [Int] {
        var lengths: [Int] = []
        var start = 0
        while start < bytes.count {
            let length = Chunker.firstCut(of: bytes.span.extracting(start..<bytes.count))
            lengths.append(length)
            start += length
        }
        return lengths
    }

    @Test("has the gear table of the format")
    func gear() {
        #expect(Chunker.gear.count == 256)
        #expect(Chunker.gear[0] == 0xC371_A100_3551_9B42)
        #expect(Chunker.gear[255] == 0x8976_E85D_8647_BA89)
        #expect(Set(Chunker.gear).count == 256)
    }

    @Test("cuts the stream of the format's own example where the format says, however it arrives")
    func vector() throws {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(20_971_520)
        for index in 0..<655_360 { bytes += ContentHasher.hash(Array(String(index).utf8).span).bytes }
        #expect(bytes.count == 20_971_520)
        let expected = [5_743_225, 6_227_233, 3_415_796, 5_585_266]
        #expect(cuts(bytes) == expected)
        var cutter = StreamCutter()
        var hasher = ContentHasher()
        var start = 0
        for size in [1, 5_000_000, 900_000, 12_000_000, 3_000_000, 71_519] {
            let end = min(start + size, bytes.count)
            let added = try cutter.append(upTo: size, hashing: &hasher) { (room: inout OutputSpan<UInt8>) in
                for index in start..<end { room.append(bytes[index]) }
            }
            #expect(added == end - start)
            start = end
        }
        try #require(start == bytes.count)
        let (chunks, size) = cutter.finish()
        #expect(size == bytes.count)
        #expect(chunks.map(\.size) == expected)
        #expect(chunks.map(\.offset) == [0, 5_743_225, 11_970_458, 15_386_254])
        #expect(chunks[2].id == ContentHasher.hash(bytes.span.extracting(11_970_458..<15_386_254)))
        #expect(hasher.finish() == ContentHasher.hash(bytes.span))
    }

    @Test("never cuts what is at most 2 MiB long, and cuts at 8 MiB at the latest")
    func limits() {
        #expect(Chunker.minimumSize == 2_097_152)
        #expect(Chunker.maximumSize == 8_388_608)
        var source = SeededBytes(seed: 1)
        let bytes = source.bytes(Chunker.minimumSize)
        #expect(cuts([]) == [])
        for count in [1, 4_096, Chunker.minimumSize - 1, Chunker.minimumSize] {
            #expect(Chunker.firstCut(of: bytes.span.extracting(first: count)) == count)
        }
        // A stream of zeros has no cuts: its hash never has the bits that a cut requires.
        let zeros = [UInt8](repeating: 0, count: Chunker.maximumSize + 5)
        #expect(cuts(zeros) == [Chunker.maximumSize, 5])
    }

    @Test("finds its cuts again after an insertion")
    func insertion() {
        var source = SeededBytes(seed: 2)
        let bytes = source.bytes(24 << 20)
        func ends(_ lengths: [Int]) -> Set<Int> {
            var sum = 0
            return Set(
                lengths.map {
                    sum += $0; return bytes.count - sum
                }
            )
        }
        let before = cuts(bytes)
        #expect(before.reduce(0, +) == bytes.count)
        #expect(before.dropLast().allSatisfy { (Chunker.minimumSize...Chunker.maximumSize).contains($0) })
        let after = cuts(source.bytes(1_000) + bytes)
        // Cuts are compared by their distance from the end, which the insertion does not change.
        var sum = 0
        let moved = Set(
            after.map { length in
                sum += length
                return bytes.count + 1_000 - sum
            }
        )
        #expect(ends(before).intersection(moved).count > 1, "seed 2: no cut but the end is found again")
    }
}

@Suite("The list of a tree's files")
struct ManifestCutTests {
    @Test("is one chunk up to 8 MiB, and a longer one is cut like any stream")
    func cuts() throws {
        let text = [UInt8](repeating: 0x61, count: FormatLimits.chunkSize)
        #expect(StreamCutter.manifestChunks(of: text).map(\.size) == [FormatLimits.chunkSize])
        let longer = text + [0x62]
        let chunks = StreamCutter.manifestChunks(of: longer)
        #expect(chunks.count > 1)
        #expect(chunks.reduce(0) { $0 + $1.size } == longer.count)
        var cutter = StreamCutter()
        var hasher = ContentHasher()
        _ = try cutter.append(upTo: longer.count, hashing: &hasher) { room in
            for byte in longer where !room.isFull { room.append(byte) }
        }
        #expect(cutter.finish().chunks == chunks)
    }
}
