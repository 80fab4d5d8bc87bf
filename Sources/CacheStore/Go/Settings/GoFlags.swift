/// The flags in GOFLAGS (Go's cmd/go/internal/base/goflags.go).
struct GoFlags: Hashable, Sendable {
    /// The values of each flag, in order, by the flag's name without dashes.
    ///
    /// A flag without a value has the empty string.
    private(set) var values: [String: [String]] = [:]

    /// Reads the value of GOFLAGS; words that are no flags are ignored, as by `go env`.
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

    /// The last value of a flag, which is the one that counts, or the empty string if there is none.
    subscript(name: String) -> String { values[name]?.last ?? "" }

    /// Returns whether a flag that needs no value is on (Go's `strconv.ParseBool`).
    func isOn(_ name: String) -> Bool {
        values[name]?.last.map { ["", "1", "t", "T", "true", "TRUE", "True"].contains($0) } ?? false
    }

    /// The flags that decide which files are built and which entries of GOCACHE are asked for.
    private static let decisive: Set<String> = [
        "a", "asmflags", "asan", "buildmode", "buildvcs", "compiler", "cover", "covermode", "coverpkg",
        "gccgoflags", "gcflags", "installsuffix", "ldflags", "linkshared", "mod", "modfile", "msan",
        "overlay", "pgo", "pkgdir", "race", "tags", "toolexec", "trimpath",
    ]

    /// Returns the part of a value of GOFLAGS that decides which files are built, and which entries of
    /// GOCACHE are asked for.
    ///
    /// The other flags only change what a command prints, where it writes, or whether it runs at all.
    static func decisive(of text: String) -> String {
        let words = words(of: text).filter { word in
            let bare = word.drop { $0 == "-" }
            return bare.count < word.count && decisive.contains(String(bare.prefix { $0 != "=" }))
        }
        return words.map(quoted).joined(separator: " ")
    }

    /// Returns a word in quotes if it needs them; no word needs both kinds of quotes.
    private static func quoted(_ word: String) -> String {
        guard word.contains(where: { blanks.contains($0) }) else { return word }
        return word.contains("'") ? "\"\(word)\"" : "'\(word)'"
    }

    private static let blanks: [Character] = [" ", "\t", "\n", "\r", "\r\n"]

    /// Splits a text at blanks (Go's cmd/internal/quoted, `Split`).
    ///
    /// A word that begins with a quote extends to the next such quote.
    private static func words(of text: String) -> [String] {
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
