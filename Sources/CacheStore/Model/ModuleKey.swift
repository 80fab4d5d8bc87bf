/// A module at a version, as GOMODCACHE names it: `path@version`, both escaped.
///
/// Escaping turns an upper-case letter `X` into `!x` (golang.org/x/mod/module, `EscapePath`), so that keys
/// also differ where case is ignored.
struct ModuleKey: Hashable, Comparable {
    /// The key's text, which is the path of the tree's directory below GOMODCACHE.
    let text: String

    /// The number of bytes of `text` before the `@`.
    private let pathLength: Int

    /// Creates a key, or returns `nil` if `text` is not a key: see ``fault(in:)``.
    init?(_ text: String) {
        guard Self.fault(in: text) == nil, let at = text.utf8.firstIndex(of: UInt8(ascii: "@")) else {
            return nil
        }
        self.text = text
        pathLength = text.utf8.distance(from: text.utf8.startIndex, to: at)
    }

    /// The escaped module path, for example `github.com/!azure/azure-sdk-for-go`.
    var path: String { String(decoding: text.utf8.prefix(pathLength), as: UTF8.self) }

    /// The escaped version, for example `v1.2.3`.
    var version: String { String(decoding: text.utf8.dropFirst(pathLength + 1), as: UTF8.self) }

    /// The name `path@version` without escapes, which a zip and its `h1:` hash use for the module.
    var unescaped: String { Self.unescape(text) }

    /// The path of the directory of the module's downloads below GOMODCACHE.
    var downloadDirectory: String { "cache/download/\(path)/@v" }

    /// Whether the module is a Go toolchain, whose tree Go changes on first use
    /// (cmd/go/internal/toolchain/select.go).
    var isToolchain: Bool { path == "golang.org/toolchain" }

    /// Whether the module is a snapshot of Go's cryptography, which Go unpacks from GOROOT and does not
    /// download (cmd/go/internal/fips140/fips140.go).
    var isSnapshotOfGo: Bool { path == "golang.org/fips140" }

    /// Returns whether the left key comes before the right one, by bytes.
    static func < (lhs: Self, rhs: Self) -> Bool { lhs.text.precedes(rhs.text) }

    /// Returns the names of the first modules in words, at most three, and the number of the others.
    static func examples(_ modules: [Self]) -> String {
        let names = modules.prefix(3).map { "`\($0.unescaped)`" }.joined(separator: ", ")
        return names + (modules.count > 3 ? " and \(modules.count - 3) more" : "")
    }

    /// Returns the reason why `text` is not a key, or `nil` if it is one.
    static func fault(in text: String) -> String? {
        if let fault = PathRules.fault(inPath: text) { return fault }
        guard text.utf8.allSatisfy({ $0 < 0x80 }) else { return "it is not ASCII" }
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty, !parts[1].contains("/") else {
            return "it is not PATH@VERSION"
        }
        guard !parts[1].utf8.starts(with: PathRules.ownPrefix.utf8) else {
            return "it is a name of a file that is being written"
        }
        // Both parts are also paths of their own in `cache/download`. Neither may lead elsewhere, as
        // `a.b/..@v1` would.
        for part in parts {
            if let fault = PathRules.fault(inPath: String(part)) { return fault }
        }
        guard parts[0].prefix(while: { $0 != "/" }).contains(".") else {
            return "the first element of a module's path has a dot in it"
        }
        var isEscape = false
        for byte in text.utf8 {
            if isEscape, !(0x61...0x7A).contains(byte) { return "a `!` is not followed by a letter" }
            if (0x41...0x5A).contains(byte) { return "an upper-case letter is not escaped" }
            isEscape = byte == UInt8(ascii: "!")
        }
        return isEscape ? "a `!` is not followed by a letter" : nil
    }

    /// Returns `text` with each upper-case letter `X` turned into `!x`.
    static func escape(_ text: some StringProtocol) -> String {
        var result: [UInt8] = []
        for byte in text.utf8 {
            let isUpper = (0x41...0x5A).contains(byte)
            if isUpper { result.append(UInt8(ascii: "!")) }
            result.append(isUpper ? byte | 0x20 : byte)
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// Returns `text` with each `!x` turned into `X`.
    static func unescape(_ text: String) -> String {
        var result: [UInt8] = []
        var isEscape = false
        for byte in text.utf8 {
            if byte == UInt8(ascii: "!") {
                isEscape = true
            } else {
                result.append(isEscape ? byte & 0xDF : byte)
                isEscape = false
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
