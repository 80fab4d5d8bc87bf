/// A repeatable source of bytes (SplitMix64).
struct SeededBytes: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
        return word ^ word >> 31
    }

    /// Returns random bytes, eight per random word.
    mutating func bytes(_ count: Int) -> [UInt8] {
        [UInt8](capacity: count) { output in
            while output.count < count {
                var word = next()
                for _ in 0..<min(8, count - output.count) {
                    output.append(UInt8(truncatingIfNeeded: word))
                    word >>= 8
                }
            }
        }
    }

    /// Returns random bytes that compress to about half their size, as object files do.
    mutating func halfRandomBytes(_ count: Int) -> [UInt8] {
        var result = bytes(count)
        for index in stride(from: 0, to: count, by: 2) { result[index] = 0x20 }
        return result
    }

    /// Returns `true` once in `times` calls, on average.
    mutating func isOnce(in times: Int) -> Bool { Int.random(in: 0..<times, using: &self) == 0 }
}
