/// The chunks of one stream, by their numbers in a table of chunks.
///
/// Nearly all streams are one chunk, so a list of one chunk takes no memory of its own.
enum ChunkList: Hashable, Sendable {
    /// A stream of no bytes.
    case none
    /// A stream of one chunk.
    case one(ChunkNumber)
    /// A longer stream.
    case many([ChunkNumber])

    /// Creates a list of chunks.
    init(_ numbers: [ChunkNumber]) {
        switch numbers.count {
        case 0: self = .none
        case 1: self = .one(numbers[0])
        default: self = .many(numbers)
        }
    }

    /// The first chunk, or `nil` for a stream of no bytes.
    var first: ChunkNumber? {
        switch self {
        case .none: nil
        case .one(let number): number
        case .many(let numbers): numbers.first
        }
    }

    /// The number of chunks in the list.
    var count: Int {
        switch self {
        case .none: 0
        case .one: 1
        case .many(let numbers): numbers.count
        }
    }

    /// The chunk numbers, in the order of the stream.
    var numbers: [ChunkNumber] {
        switch self {
        case .none: []
        case .one(let number): [number]
        case .many(let numbers): numbers
        }
    }

    /// Returns the list with each chunk number replaced by the result of `transform`.
    func map(_ transform: (ChunkNumber) -> ChunkNumber) -> ChunkList {
        switch self {
        case .none: .none
        case .one(let number): .one(transform(number))
        case .many(let numbers): .many(numbers.map(transform))
        }
    }

    /// Calls `body` with each chunk number in order.
    func forEach<Failure: Error>(_ body: (ChunkNumber) throws(Failure) -> Void) throws(Failure) {
        switch self {
        case .none: return
        case .one(let number): try body(number)
        case .many(let numbers): for number in numbers { try body(number) }
        }
    }
}
