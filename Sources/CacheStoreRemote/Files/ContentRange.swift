/// The value of the header `Content-Range`: the bytes that an answer has, and the length of the whole file.
///
/// Source: RFC 9110, section 14.4.
struct ContentRange: Equatable {
    /// The bytes of the answer, or `nil` in an answer that has none (`bytes */LENGTH`).
    var range: Range<Int>?

    /// The length of the file, or `nil` if the server does not state it.
    var total: Int?

    /// Parses the value.
    init?(_ text: String?) {
        guard let text, text.lowercased().hasPrefix("bytes ") else { return nil }
        let parts = text.dropFirst(6).split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        if parts[1] != "*" {
            guard let total = Self.number(parts[1]) else { return nil }
            self.total = total
        }
        if parts[0] == "*" { return }
        guard let range = Self.range(parts[0]) else { return nil }
        self.range = range
    }

    /// Parses the words `FIRST-LAST`.
    static func range(_ text: some StringProtocol) -> Range<Int>? {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { number($0) }
        guard ends.count == 2, let first = ends[0], let last = ends[1], first <= last else { return nil }
        return first..<(last + 1)
    }

    /// Parses a length; no file is longer than 2^44 bytes.
    static func number(_ text: some StringProtocol) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ WebAddress.isDigit($0) }), let number = Int(text) else {
            return nil
        }
        return number <= 1 << 44 ? number : nil
    }
}
