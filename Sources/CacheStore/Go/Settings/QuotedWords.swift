/// Words in one value of the environment, as in GOFLAGS and GOCACHEPROG (Go's cmd/internal/quoted).
///
/// Go looks at bytes. To Swift, a blank and the letters around it may be one character.
enum QuotedWords {
    private static let quotes = [UInt8(ascii: "\""), UInt8(ascii: "'")]

    private static func isBlank(_ byte: UInt8) -> Bool {
        [0x20, 0x09, 0x0A, 0x0D].contains(byte)
    }

    /// Returns a word in quotes if it needs them.
    ///
    /// - Returns: The word as Go reads it back, or `nil` if that can't be: the word needs both kinds of
    ///   quotes.
    static func quoted(_ word: String) -> String? {
        let bytes = word.utf8
        let isQuote = bytes.first.map(quotes.contains) ?? true
        guard isQuote || bytes.contains(where: isBlank) else { return word }
        guard let quote = quotes.last(where: { !bytes.contains($0) }) else { return nil }
        return String(decoding: [quote] + bytes + [quote], as: UTF8.self)
    }

    /// Splits a text at blanks (Go's cmd/internal/quoted, `Split`).
    ///
    /// A word that begins with a quote extends to the next such quote.
    static func split(_ text: String) -> [String] {
        var words: [String] = []
        var rest = Array(text.utf8)[...]
        while let first = rest.first {
            guard !isBlank(first) else {
                rest.removeFirst()
                continue
            }
            let isQuoted = quotes.contains(first)
            if isQuoted { rest.removeFirst() }
            let end = rest.firstIndex { isQuoted ? $0 == first : isBlank($0) } ?? rest.endIndex
            words.append(String(decoding: rest[..<end], as: UTF8.self))
            rest = rest[end...].dropFirst(isQuoted ? 1 : 0)
        }
        return words
    }
}
