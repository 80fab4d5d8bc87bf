import SystemPackage
import Testing

@testable import CacheStore

/// Tests of the structures that a union and a restore keep in place of many rows.
@Suite("For many rows,")
struct SpoolTests {
    private struct Record: BitwiseCopyable {
        var number: Int
        var isOdd: Bool
    }

    @Test(
        "a spool gives back all records, in order and by position",
        arguments: [0, 1, 2, 4095, 4096, 4097, 9000]
    )
    func spool(count: Int) throws {
        let bench = try Workbench()
        let spool = try Spool<Record>(beside: bench.path("archive"))
        for number in 0..<count { try spool.append(Record(number: number, isOdd: number & 1 == 1)) }
        try spool.flush()
        var cursor = spool.cursor()
        var found = 0
        while let record = try cursor.next() {
            #expect(record.number == found && record.isOdd == (found & 1 == 1))
            found += 1
        }
        #expect(found == count && spool.count == count)
        for number in [0, count / 2, count - 1] where (0..<count).contains(number) {
            #expect(try spool.record(at: number)?.number == number)
        }
        #expect(try bench.names.allSatisfy { !$0.hasSuffix(".tmp") })
    }

    @Test("a bit array finds each set bit by its number, and the first that is not set")
    func bits() throws {
        var source = SeededBytes(seed: 7)
        var bits = BitArray()
        var expected: [Int] = []
        for position in 0..<5000 {
            let isSet = Int.random(in: 0..<5, using: &source) == 0 || (1024..<2048).contains(position)
            bits.append(isSet)
            if isSet { expected.append(position) }
        }
        let selector = bits.selector()
        #expect(expected.indices.map { selector[$0] } == expected)
        #expect(bits.setCount == expected.count)
        #expect(bits.firstUnset == (0..<5000).first { !expected.contains($0) })
        var full = BitArray(count: 70)
        for position in 0..<70 { full[position] = true }
        #expect(full.firstUnset == nil)
    }

    @Test("the names of a directory of entries are known by their IDs and kinds")
    func names() throws {
        let ids = (0..<300).map { CacheModel.id("\($0)") }
        let names = EntryNames(ids.prefix(200).map { "\($0)-a" } + ["README", "\(ids[250])-x", "x-d"])
        #expect(ids.prefix(200).allSatisfy { names.mayContain($0, isOutput: false) })
        #expect(ids.prefix(200).allSatisfy { !names.mayContain($0, isOutput: true) })
        #expect(ids.dropFirst(200).allSatisfy { !names.mayContain($0, isOutput: false) })
    }
}
