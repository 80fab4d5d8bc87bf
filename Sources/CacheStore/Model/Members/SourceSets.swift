/// The sets of sources that members refer to by a number.
///
/// There are few sets: at most one per combination that occurs.
struct SourceSets: Hashable, Sendable {
    private struct Pair: Hashable {
        var first: SourceSetNumber
        var second: SourceSetNumber
    }

    /// The sets, each an ascending list of positions of sources.
    private(set) var sets: [[Int]] = []

    private var numbers: [[Int]: SourceSetNumber] = [:]
    private var unions: [Pair: SourceSetNumber] = [:]

    /// Returns the number of a set, and adds the set if it is new.
    ///
    /// - Parameter set: The positions of the sources, in ascending order and without repeats.
    /// - Returns: The number of the set.
    mutating func number(of set: [Int]) -> SourceSetNumber {
        if let number = numbers[set] { return number }
        let number = SourceSetNumber(sets.count)
        sets.append(set)
        numbers[set] = number
        return number
    }

    /// The set that has the given number.
    subscript(number: SourceSetNumber) -> [Int] { sets[number] }

    /// Returns the number of the union of two sets, and adds the union if it is new.
    mutating func union(_ first: SourceSetNumber, _ second: SourceSetNumber) -> SourceSetNumber {
        if first == second { return first }
        let pair = Pair(first: min(first, second), second: max(first, second))
        if let number = unions[pair] { return number }
        let number = number(of: Set(self[first]).union(self[second]).sorted())
        unions[pair] = number
        return number
    }
}
