/// The position of an element in its table, from 0.
///
/// The type parameter keeps the numbers of different tables apart: ``ChunkNumber``, ``OutputNumber`` and
/// ``SourceSetNumber`` can't be mixed up. Only SQLite's row numbers begin at 1. Row numbers occur in the code
/// that reads and writes rows.
struct TableNumber<Table>: Hashable, Comparable, Sendable, BitwiseCopyable {
    private let position: UInt32

    /// Creates the number of the element at a position below 2³².
    init(_ index: Int) { position = UInt32(index) }

    /// The position as an index.
    var index: Int { Int(position) }

    /// Returns whether the left element stands before the right one.
    static func < (lhs: Self, rhs: Self) -> Bool { lhs.position < rhs.position }
}

extension Array {
    /// The element that has the given number.
    subscript<Table>(number: TableNumber<Table>) -> Element {
        get { self[number.index] }
        set { self[number.index] = newValue }
    }
}

/// The number of a chunk, which is the position of its frame among the frames of an archive.
typealias ChunkNumber = TableNumber<ChunkRecord>

/// The number of an output, in the order of the outputs' IDs.
typealias OutputNumber = TableNumber<MemberSet.Output>

/// The number of a set of sources in a ``SourceSets``.
typealias SourceSetNumber = TableNumber<SourceSets>
