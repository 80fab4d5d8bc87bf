/// The content of a file `…-a` in GOCACHE.
///
/// Source: Go's cmd/go/internal/cache/cache.go, `get` and `putIndexEntry`. The format is the same from Go
/// 1.21 to 1.27:
///
/// | offset | bytes | field |
/// |---|---|---|
/// | 0 | 3 | `v1 ` |
/// | 3 | 64 | action ID, hexadecimal |
/// | 68 | 64 | output ID, hexadecimal |
/// | 133 | 20 | size in bytes, decimal, padded with spaces on the left |
/// | 154 | 20 | time in nanoseconds since 1970, likewise |
/// | 174 | 1 | line feed; spaces separate the fields |
struct ActionEntry: Hashable {
    /// The length of the file, in bytes.
    static let byteCount = 175

    /// The number of bytes that an archive's index stores per entry: an ID and two numbers.
    static let storedBytes = 36

    var action: ObjectID
    var output: ObjectID

    /// The length of the output, in bytes.
    var size: Int

    /// Creates an entry.
    init(action: ObjectID, output: ObjectID, size: Int) {
        self.action = action
        self.output = output
        self.size = size
    }

    /// Reads an entry as Go does, or returns `nil` if Go would treat the bytes as a miss.
    ///
    /// The time is not kept: it differs in every job, and it matters only for test results.
    ///
    /// - Parameters:
    ///   - bytes: The whole file.
    ///   - action: The action ID in the file's name, which the content must repeat.
    init?(_ bytes: Span<UInt8>, named action: ObjectID) {
        guard bytes.count == Self.byteCount, bytes[0] == UInt8(ascii: "v"), bytes[1] == UInt8(ascii: "1"),
            bytes[2] == 0x20, bytes[67] == 0x20, bytes[132] == 0x20, bytes[153] == 0x20, bytes[174] == 0x0A,
            ObjectID(hexadecimal: bytes.extracting(3..<67)) == action,
            let output = ObjectID(hexadecimal: bytes.extracting(68..<132)),
            let size = Self.number(bytes.extracting(133..<153)),
            Self.number(bytes.extracting(154..<174)) != nil
        else { return nil }
        self.init(action: action, output: output, size: size)
    }

    /// The file's bytes, with time 0.
    var bytes: [UInt8] { bytes(time: 0) }

    /// Returns the file's bytes with a time, in nanoseconds since 1970.
    func bytes(time: Int) -> [UInt8] {
        Array("v1 ".utf8) + action.hexadecimal + [0x20] + output.hexadecimal
            + Array(" \(Self.field(size)) \(Self.field(time))\n".utf8)
    }

    /// Returns the time of an entry in nanoseconds since 1970, or `nil` if the bytes are no entry.
    static func time(_ bytes: Span<UInt8>) -> Int? {
        bytes.count == byteCount ? number(bytes.extracting(154..<174)) : nil
    }

    /// Returns a number as 20 characters, padded with spaces on the left.
    private static func field(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: " ", count: max(0, 20 - digits.utf8.count)) + digits
    }

    private static func number(_ field: Span<UInt8>) -> Int? {
        var start = 0
        while start < field.count, field[start] == 0x20 { start += 1 }
        guard start < field.count else { return nil }
        var value = 0
        for index in start..<field.count {
            guard (0x30...0x39).contains(field[index]) else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, more) = product.addingReportingOverflow(Int(field[index] - 0x30))
            guard !overflow, !more else { return nil }
            value = sum
        }
        return value
    }
}
