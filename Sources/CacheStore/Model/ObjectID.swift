/// The SHA-256 of some content, which serves as the content's name.
///
/// Action IDs, output IDs, chunk names and archive digests are all of this type. IDs are ordered by bytes,
/// which is also the order of their hexadecimal forms.
public struct ObjectID: Hashable, Sendable, BitwiseCopyable {
    /// The number of bytes in an ID.
    public static let byteCount = 32

    private let word0, word1, word2, word3: UInt64

    /// Creates an ID from its 32 bytes, or returns `nil` if `bytes` has another length.
    ///
    /// - Parameter bytes: Exactly ``byteCount`` bytes, most significant first.
    public init?(_ bytes: Span<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        func word(_ start: Int) -> UInt64 {
            var value: UInt64 = 0
            for index in start..<start + 8 { value = value << 8 | UInt64(bytes[index]) }
            return value
        }
        word0 = word(0)
        word1 = word(8)
        word2 = word(16)
        word3 = word(24)
    }

    /// Creates an ID from 64 hexadecimal digits, or returns `nil` if `digits` is anything else.
    ///
    /// - Parameter digits: The digits in ASCII and in lower case, as in Go's file names.
    public init?(hexadecimal digits: Span<UInt8>) {
        guard digits.count == 2 * Self.byteCount else { return nil }
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        for index in digits.indices {
            let nibble: UInt8
            switch digits[index] {
            case 0x30...0x39: nibble = digits[index] - 0x30
            case 0x61...0x66: nibble = digits[index] - 0x57
            default: return nil
            }
            switch index >> 4 {
            case 0: words.0 = words.0 << 4 | UInt64(nibble)
            case 1: words.1 = words.1 << 4 | UInt64(nibble)
            case 2: words.2 = words.2 << 4 | UInt64(nibble)
            default: words.3 = words.3 << 4 | UInt64(nibble)
            }
        }
        (word0, word1, word2, word3) = words
    }

    /// Creates an ID from 64 hexadecimal digits, or returns `nil` if `text` is anything else.
    ///
    /// - Parameter text: The digits in lower case, as in ``description``.
    public init?(_ text: String) { self.init(hexadecimal: Array(text.utf8).span) }

    /// The first byte, which names the subdirectory of GOCACHE that holds the entry.
    var firstByte: UInt8 { UInt8(truncatingIfNeeded: word0 >> 56) }

    /// The first 16 bytes.
    var prefix: (UInt64, UInt64) { (word0, word1) }

    /// The 32 bytes, most significant first.
    public var bytes: [UInt8] {
        [UInt8](capacity: Self.byteCount) { output in
            for word in [word0, word1, word2, word3] {
                for shift in stride(from: 56, through: 0, by: -8) {
                    output.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
                }
            }
        }
    }

    /// Calls `body` with the 32 bytes, most significant first.
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        let words = (word0.bigEndian, word1.bigEndian, word2.bigEndian, word3.bigEndian)
        return unsafe withUnsafeBytes(of: words) { unsafe body($0) }
    }

    /// Feeds the ID to a hasher.
    public func hash(into hasher: inout Hasher) {
        // One word is enough: the bits of a SHA-256 are already uniform.
        hasher.combine(word0)
    }
}

extension ObjectID: Comparable {
    /// Returns whether the left ID comes before the right one, byte by byte.
    public static func < (lhs: Self, rhs: Self) -> Bool {
        if lhs.word0 != rhs.word0 { return lhs.word0 < rhs.word0 }
        if lhs.word1 != rhs.word1 { return lhs.word1 < rhs.word1 }
        if lhs.word2 != rhs.word2 { return lhs.word2 < rhs.word2 }
        return lhs.word3 < rhs.word3
    }
}

extension ObjectID: CustomStringConvertible {
    /// The ID as 64 lower-case hexadecimal digits.
    public var description: String { String(decoding: hexadecimal, as: UTF8.self) }

    /// The ID as 64 lower-case hexadecimal digits in ASCII.
    var hexadecimal: [UInt8] {
        [UInt8](capacity: 2 * Self.byteCount) { output in
            for word in [word0, word1, word2, word3] {
                for shift in stride(from: 60, through: 0, by: -4) {
                    let nibble = UInt8(truncatingIfNeeded: word >> UInt64(shift)) & 15
                    output.append(nibble < 10 ? 0x30 + nibble : 0x57 + nibble)
                }
            }
        }
    }
}
