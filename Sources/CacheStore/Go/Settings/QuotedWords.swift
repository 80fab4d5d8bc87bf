/// Words in one value of the environment, as in GOFLAGS and GOCACHEPROG (Go's cmd/internal/quoted).
enum QuotedWords {
    private static let blanks: [Character] = [" ", "\t", "\n", "\r", "\r\n"]

    /// Returns a word in quotes if it needs them.
    ///
    /// - Returns: The word as Go reads it back, or `nil` if that can't be: the word needs both kinds of
    ///   quotes.
    static func quoted(_ word: String) -> String? {
        let isQuote = word.hasPrefix("\"") || word.hasPrefix("'")
        guard word.isEmpty || isQuote || word.contains(where: { blanks.contains($0) }) else { return word }
        if !word.contains("'") { return "'\(word)'" }
        return word.contains("\"") ? nil : "\"\(word)\""
    }

    /// Splits a text at blanks (Go's cmd/internal/quoted, `Split`).
    ///
    /// A word that begins with a quote extends to the next such quote.
    static func split(_ text: String) -> [String] {
        var words: [String] = []
        var rest = text[...]
        while let first = rest.first {
            if blanks.contains(first) {
                rest.removeFirst()
            } else if first == "\"" || first == "'" {
                rest.removeFirst()
                let end = rest.firstIndex(of: first) ?? rest.endIndex
                words.append(String(rest[..<end]))
                rest = rest[end...].dropFirst()
            } else {
                let end = rest.firstIndex(where: blanks.contains) ?? rest.endIndex
                words.append(String(rest[..<end]))
                rest = rest[end...]
            }
        }
        return words
    }
}
