/// The flags in GOFLAGS (Go's cmd/go/internal/base/goflags.go).
struct GoFlags: Hashable, Sendable {
    /// The values of each flag, in order, by the flag's name without dashes.
    ///
    /// A flag without a value has the empty string.
    private(set) var values: [String: [String]] = [:]

    /// Reads the value of GOFLAGS; words that are no flags are ignored, as by `go env`.
    init(_ text: String) {
        for word in QuotedWords.split(text) {
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

    /// The flags that make Go run no program, and read or write no file, with the values that they may have;
    /// none for any value.
    private static let harmless: [String: Set<String>] = [
        "asan": [], "buildmode": [], "buildvcs": ["false"], "cover": [], "covermode": [], "coverpkg": [],
        "installsuffix": [], "linkshared": [], "mod": ["readonly", "vendor"], "modcacherw": [], "msan": [],
        "p": [], "race": [], "tags": [], "trimpath": [], "v": [],
    ]

    /// Returns whether the flags in a value of GOFLAGS may be taken over from somebody else.
    ///
    /// None of them makes Go run a program, or read or write a file, as `-toolexec`, `-ldflags`, `-gcflags`,
    /// `-overlay` and `-mod=mod` can. A word that is no flag is not harmless.
    static func areHarmless(_ text: String) -> Bool {
        QuotedWords.split(text).allSatisfy { word in
            let bytes = Array(word.utf8)
            let dashes = bytes.prefix { $0 == UInt8(ascii: "-") }.count
            let parts = bytes.dropFirst(dashes)
                .split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
                .map { String(decoding: $0, as: UTF8.self) }
            guard (1...2).contains(dashes), let name = parts.first, let values = harmless[name] else {
                return false
            }
            return values.isEmpty || parts.count == 2 && values.contains(parts[1])
        }
    }

    /// Returns the part of a value of GOFLAGS that decides which files are built, and which entries of
    /// GOCACHE are asked for.
    ///
    /// The other flags only change what a command prints, where it writes, or whether it runs at all.
    static func decisive(of text: String) -> String {
        let words = QuotedWords.split(text).filter { word in
            let bare = word.drop { $0 == "-" }
            return bare.count < word.count && decisive.contains(String(bare.prefix { $0 != "=" }))
        }
        return words.map { QuotedWords.quoted($0) ?? $0 }.joined(separator: " ")
    }
}
