/// The action entries and outputs that one index has and other indexes lack.
///
/// An entry that other indexes have stays if its output has a better form in this index than in the others.
/// The tables are merged row by row; some bits per row stay in memory.
struct EntryDifference {
    private let index: IndexReader

    /// For each action entry of the index, whether another index has the entry.
    private var hasAction = BitArray()

    /// For each output of the index, whether another index has the output in the same form or a preferred
    /// one.
    private var hasOutput: BitArray

    /// Begins with all entries of an index, which must have been checked.
    init(_ index: IndexReader) {
        self.index = index
        hasOutput = BitArray(count: index.outputCount)
    }

    /// Notes the entries and outputs of another index, which must have been checked.
    ///
    /// - Parameters:
    ///   - other: The other index.
    ///   - check: Called from time to time; an error that it throws ends the work.
    /// - Throws: The error of `check`, or ``CacheStoreError``.
    mutating func subtract(_ other: IndexReader, check: () throws -> Void) throws {
        var covered = BitArray()
        let outputs = try OutputPresence([index, other], check: check) { number, rows in
            guard let mine = rows[0], let theirs = rows[1] else { return }
            guard MemberRelation(executable: mine.executable, theirs.executable).coversFirst else { return }
            while covered.count < number.index { covered.append(false) }
            covered.append(true)
        }
        var number = 0
        for position in 0..<outputs.count where outputs.isPresent[0][position] {
            if position < covered.count, covered[position] { hasOutput[number] = true }
            number += 1
        }
        let (mine, theirs) = (outputs.isPresent[0].selector(), outputs.isPresent[1].selector())
        let (actions, others) = (try ActionCursor(index), try ActionCursor(other))
        func key(_ row: ActionCursor.Row?, _ outputs: BitArray.Selector) -> (ObjectID, Int)? {
            row.map { ($0.id, outputs[$0.output.index]) }
        }
        var next = key(try others.next(), theirs)
        var position = 0
        while let row = try actions.next() {
            let own = (row.id, mine[row.output.index])
            while let found = next, found < own { next = key(try others.next(), theirs) }
            if position == hasAction.count { hasAction.append(false) }
            if let next, next == own { hasAction[position] = true }
            position += 1
            if position & 0xFFF == 0 { try check() }
        }
    }

    /// Finds what is left.
    ///
    /// - Returns: For each action entry and each output of the index, whether it is left, and the sets of
    ///   sources of the entries that are left.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``.
    func remainder() throws -> (actions: BitArray, outputs: BitArray, sources: Set<SourceSetNumber>) {
        var (actions, outputs) = (BitArray(), BitArray(count: hasOutput.count))
        var sources: Set<SourceSetNumber> = []
        let cursor = try ActionCursor(index)
        while let row = try cursor.next() {
            let position = actions.count
            let isCovered = position < hasAction.count && hasAction[position] && hasOutput[row.output.index]
            actions.append(!isCovered)
            if isCovered { continue }
            outputs[row.output.index] = true
            sources.insert(row.sources)
        }
        return (actions, outputs, sources)
    }
}
