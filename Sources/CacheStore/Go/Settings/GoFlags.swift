/// What GOFLAGS holds, flag by flag (Go's cmd/go/internal/base/goflags.go).
struct GoFlags: Hashable, Sendable {
    /// The values that each flag was given, in order, by its name without dashes; a flag without a value has the
    /// empty string.
    private(set) var values: [String: [String]] = [:]

    /// Reads the value of GOFLAGS; what is no flag is ignored, as `go env` does.
    init(_ text: String) {
        for word in Self.words(of: text) {
            let bare = word.drop { $0 == "-" }
            guard !bare.isEmpty, bare.first != "=", (1...2).contains(word.count - bare.count) else {
                continue
            }
            let parts = bare.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            values[String(parts[0]), default: []].append(parts.count > 1 ? String(parts[1]) : "")
        }
    }

    /// The last value of a flag, which is the one that counts, or the empty string.
    subscript(name: String) -> String { values[name]?.last ?? "" }

    /// Whether a flag without a value is on (Go's `strconv.ParseBool`).
    func isOn(_ name: String) -> Bool {
        values[name]?.last.map { ["", "1", "t", "T", "true", "TRUE", "True"].contains($0) } ?? false
    }

    /// Splits at blanks; a word that begins with a quote goes to the next such quote (Go's
    /// cmd/internal/quoted, `Split`).
    private static func words(of text: String) -> [String] {
        let blanks: [Character] = [" ", "\t", "\n", "\r", "\r\n"]
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
