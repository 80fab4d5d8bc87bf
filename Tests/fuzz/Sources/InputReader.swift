/// A source of small choices that takes them from the input, from its beginning to its end.
///
/// After the end, all choices are 0. A longer input therefore only adds to what a shorter one does.
struct InputReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    /// Whether all of the input is used up.
    var isAtEnd: Bool { rest.isEmpty }

    /// Takes one byte.
    mutating func byte() -> Int { Int(rest.popFirst() ?? 0) }

    /// Takes a number below `count`, which must be above 0.
    mutating func choice(_ count: Int) -> Int { byte() % count }

    /// Takes a number of 8 bytes.
    mutating func word() -> UInt64 { (0..<8).reduce(0) { value, _ in value << 8 | UInt64(byte()) } }

    /// Takes up to `count` bytes.
    mutating func bytes(_ count: Int) -> [UInt8] {
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }

    /// Takes all bytes that are left.
    mutating func remainder() -> [UInt8] { bytes(rest.count) }
}
