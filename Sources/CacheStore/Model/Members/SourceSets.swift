/// The sets of sources that members refer to by a number.
///
/// There are few of them, at most one for each combination that occurs.
struct SourceSets: Hashable, Sendable {
    private struct Pair: Hashable {
        var first: Int32
        var second: Int32
    }

    /// The sets, each an ascending list of indices of sources.
    private(set) var sets: [[Int]] = []

    private var numbers: [[Int]: Int32] = [:]
    private var unions: [Pair: Int32] = [:]

    /// Returns the number of a set, adding it if it is new.
    ///
    /// - Parameter set: An ascending list without repeats.
    /// - Returns: Its number.
    mutating func number(of set: [Int]) -> Int32 {
        if let number = numbers[set] { return number }
        let number = Int32(sets.count)
        sets.append(set)
        numbers[set] = number
        return number
    }

    /// The set with a number.
    subscript(number: Int32) -> [Int] { sets[Int(number)] }

    /// Returns the number of the union of two sets.
    mutating func union(_ first: Int32, _ second: Int32) -> Int32 {
        if first == second { return first }
        let pair = Pair(first: min(first, second), second: max(first, second))
        if let number = unions[pair] { return number }
        let number = number(of: Set(self[first]).union(self[second]).sorted())
        unions[pair] = number
        return number
    }
}
