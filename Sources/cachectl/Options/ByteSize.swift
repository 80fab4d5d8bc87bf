import ArgumentParser

/// A number of bytes on the command line, such as `500MB`, `1.5GB` or `1GiB`.
enum ByteSize {
    /// The length of each unit in bytes, by its name in lower case.
    private static let units: [String: UInt128] = [
        "b": 1, "kb": 1000, "mb": 1_000_000, "gb": 1_000_000_000, "tb": 1_000_000_000_000,
        "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40,
    ]

    /// The greatest number of digits before and after the point.
    private static let digitLimit = 15

    /// The error for a text that is not a size.
    private static var refusal: ValidationError {
        ValidationError(
            "it must be a size of at least 1 byte with a unit, such as `500MB` (500,000,000 bytes), "
                + "`1.5GB` or `1GiB` (1,073,741,824 bytes); leave the option out for no limit"
        )
    }

    /// Reads a size.
    ///
    /// - Parameter text: The argument on the command line: a number, with or without a fraction, and a unit.
    /// - Returns: The size in bytes, at least 1; a fraction of a byte is cut off.
    /// - Throws: `ValidationError` if the text is not a size.
    @Sendable
    static func read(_ text: String) throws -> Int {
        let number = text.prefix { $0 == "." || ("0"..."9").contains($0) }
        let parts = number.split(separator: ".", omittingEmptySubsequences: false)
        let name = text.dropFirst(number.count).drop { $0 == " " }.lowercased()
        guard (1...2).contains(parts.count), parts.allSatisfy({ (1...digitLimit).contains($0.utf8.count) }),
            let unit = units[name], let whole = UInt128(parts[0])
        else {
            throw refusal
        }
        var size = whole * unit
        if parts.count == 2, let fraction = UInt128(parts[1]) {
            size += fraction * unit / parts[1].reduce(UInt128(1)) { scale, _ in scale * 10 }
        }
        guard size > 0, let bytes = Int(exactly: size) else {
            throw refusal
        }
        return bytes
    }
}
