import Testing

@testable import CacheStore

/// Tests of the choice of requests for the ranges of a remote file.
@Suite("Requests for ranges")
struct RangePlanTests {
    @Test("cover what is needed, never overlap, keep the order, and add at most a 25th", arguments: 0..<60)
    func laws(seed: Int) {
        var random = SeededBytes(seed: UInt64(seed))
        let ranges = (0..<Int.random(in: 0...200, using: &random)).map { _ in
            let start = Int.random(in: 0..<30_000_000, using: &random)
            return start..<start + Int.random(in: 0...[100, 100_000, 5_000_000][seed % 3], using: &random)
        }
        let known = RangeSet(
            (0..<seed % 7).map { _ in
                let start = Int.random(in: 0..<30_000_000, using: &random)
                return start..<start + 2_000_000
            }
        )
        let needed = RangeSet(ranges).subtracting(known)
        let requests = RangePlan(ranges).requests(without: known)
        #expect(needed.subtracting(RangeSet(requests)).isEmpty)
        let size = needed.ranges.reduce(0) { $0 + $1.count }
        #expect(requests.reduce(0) { $0 + $1.count } <= size + size / 25)
        #expect(requests.allSatisfy { !$0.isEmpty && $0.count <= RangePlan.requestSize })
        #expect(zip(requests, requests.dropFirst()).allSatisfy { $0.upperBound <= $1.lowerBound })
    }

    @Test("bridge small gaps before large ones")
    func gaps() {
        let ranges = [0..<1000, 1010..<2000, 2500..<3000, 3005..<4000]
        #expect(RangePlan(ranges).requests(without: RangeSet()) == [0..<2000, 2500..<4000])
        #expect(RangePlan([0..<10, 20..<30]).requests(without: RangeSet()) == [0..<10, 20..<30])
        #expect(RangePlan([Range<Int>]()).requests(without: RangeSet()).isEmpty)
    }

    @Test("cut a long range, so that several connections share it")
    func long() {
        let size = RangePlan.requestSize
        #expect(RangePlan([5..<2 * size + 6]).requests(without: RangeSet()).map(\.count) == [size, size, 1])
    }
}
