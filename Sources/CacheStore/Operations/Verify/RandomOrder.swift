/// A random order of numbers that a seed decides, the same in every version and on every machine.
struct RandomOrder {
    private var state: UInt64

    /// Begins with a seed.
    private init(_ seed: UInt32) { state = UInt64(seed) }

    /// Returns the numbers below `count` in the order that a seed decides (Fisher and Yates).
    ///
    /// - Complexity: O(*n*).
    static func numbers(below count: Int, seed: UInt32) -> [Int] {
        var (generator, numbers) = (RandomOrder(seed), Array(0..<count))
        for last in stride(from: count - 1, to: 0, by: -1) {
            numbers.swapAt(last, generator.number(upTo: last))
        }
        return numbers
    }

    /// Returns a number from 0 to `last`.
    private mutating func number(upTo last: Int) -> Int {
        // The high half of the product is below the count; its bias is below one in 2³² for any archive.
        Int(next().multipliedFullWidth(by: UInt64(last) + 1).high)
    }

    /// Returns the next 64 bits (SplitMix64).
    private mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
