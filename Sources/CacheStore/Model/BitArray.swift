/// An array with one bit per row of a table.
struct BitArray: Sendable {
    private var words: [UInt64]

    /// The number of bits.
    private(set) var count: Int

    /// Creates `count` bits that are not set.
    init(count: Int = 0) {
        words = [UInt64](repeating: 0, count: (count + 63) / 64)
        self.count = count
    }

    /// The bit at a position below ``count``.
    subscript(position: Int) -> Bool {
        get { words[position >> 6] >> UInt64(position & 63) & 1 != 0 }
        set {
            let mask = UInt64(1) << UInt64(position & 63)
            if newValue { words[position >> 6] |= mask } else { words[position >> 6] &= ~mask }
        }
    }

    /// Adds a bit at the end.
    mutating func append(_ bit: Bool) {
        if count & 63 == 0 { words.append(0) }
        count += 1
        if bit { self[count - 1] = true }
    }

    /// The number of bits that are set.
    var setCount: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

    /// The position of the first bit that is not set, or `nil` if all bits are set.
    var firstUnset: Int? {
        for (index, word) in words.enumerated() where word != .max {
            let position = index << 6 + (~word).trailingZeroBitCount
            return position < count ? position : nil
        }
        return nil
    }

    /// A table that finds set bits by their number.
    struct Selector: Sendable {
        private let words: [UInt64]
        /// The number of bits that are set before each run of eight words.
        private var before: [UInt32] = []

        fileprivate init(_ words: [UInt64]) {
            self.words = words
            var sum: UInt32 = 0
            for (index, word) in words.enumerated() {
                if index & 7 == 0 { before.append(sum) }
                sum += UInt32(word.nonzeroBitCount)
            }
        }

        /// The position of the set bit that has `number` set bits before it; there must be such a bit.
        subscript(number: Int) -> Int {
            var (low, high) = (0, before.count)
            while high - low > 1 {
                let middle = (low + high) / 2
                if Int(before[middle]) <= number { low = middle } else { high = middle }
            }
            var left = number - Int(before[low])
            var index = low << 3
            while words[index].nonzeroBitCount <= left {
                left -= words[index].nonzeroBitCount
                index += 1
            }
            var word = words[index]
            for _ in 0..<left { word &= word - 1 }
            return index << 6 + word.trailingZeroBitCount
        }
    }

    /// Returns a table that finds the bits that are set now.
    func selector() -> Selector { Selector(words) }
}
