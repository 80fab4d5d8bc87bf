/// The chunks of one stream, as numbers into a table of chunks.
///
/// Nearly all streams are one chunk, so that one takes no memory of its own.
enum ChunkList: Hashable, Sendable {
    /// A stream of no bytes.
    case none
    /// A stream of one chunk.
    case one(UInt32)
    /// A longer stream.
    case many([UInt32])

    /// Creates a list of chunk numbers.
    init(_ numbers: [UInt32]) {
        switch numbers.count {
        case 0: self = .none
        case 1: self = .one(numbers[0])
        default: self = .many(numbers)
        }
    }

    /// The number of chunks.
    var count: Int {
        switch self {
        case .none: 0
        case .one: 1
        case .many(let numbers): numbers.count
        }
    }

    /// The chunk at a position below ``count``.
    subscript(position: Int) -> UInt32 {
        switch self {
        case .none: preconditionFailure("an empty list has no positions")
        case .one(let number): number
        case .many(let numbers): numbers[position]
        }
    }

    /// The numbers in order.
    var numbers: [UInt32] {
        switch self {
        case .none: []
        case .one(let number): [number]
        case .many(let numbers): numbers
        }
    }

    /// The list with each number replaced.
    func map(_ transform: (UInt32) -> UInt32) -> ChunkList {
        switch self {
        case .none: .none
        case .one(let number): .one(transform(number))
        case .many(let numbers): .many(numbers.map(transform))
        }
    }

    /// Calls `body` with each number in order.
    func forEach<Failure: Error>(_ body: (UInt32) throws(Failure) -> Void) throws(Failure) {
        switch self {
        case .none: return
        case .one(let number): try body(number)
        case .many(let numbers): for number in numbers { try body(number) }
        }
    }
}
