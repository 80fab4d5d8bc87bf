/// A `go.mod` or `go.work`, as far as it tells which modules are needed (golang.org/x/mod, `modfile.Parse`).
struct ModFile: Hashable, Sendable {
    /// A module that is required, with the path and version as in the file.
    struct Requirement: Hashable, Sendable {
        var path: String
        var version: String

        /// The module's name in GOMODCACHE, or `nil` if it can't have one.
        var key: ModuleKey? { ModuleKey("\(ModuleKey.escape(path))@\(ModuleKey.escape(version))") }
    }

    /// The path of the module; empty for a `go.work`.
    private(set) var module = ""

    /// The modules that are required.
    var required: [Requirement] = []

    /// The modules, as a path alone or as `path version`, in whose place there are directories.
    private(set) var replaced: Set<String> = []

    /// Reads a file; lines that Go would refuse are ignored.
    init(_ bytes: [UInt8]) {
        var block: Substring?
        for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
            let text = line.firstRange(of: "//").map { line[..<$0.lowerBound] } ?? line
            var words = text.split { $0 == " " || $0 == "\t" || $0 == "\r" }
            if words.first == ")" {
                block = nil
                continue
            }
            if words.count > 1, words.last == "(" {
                block = words[0]
                continue
            }
            if let block { words.insert(block, at: 0) }
            add(words.map { String($0.filter { $0 != "\"" && $0 != "`" }) })
        }
    }

    private mutating func add(_ words: [String]) {
        switch words.first {
        case "module" where words.count > 1: module = words[1]
        case "require" where words.count > 2:
            required.append(Requirement(path: words[1], version: words[2]))
        case "replace":
            guard let arrow = words.firstIndex(of: "=>"), arrow + 1 < words.count,
                ["./", "../", "/"].contains(where: words[arrow + 1].hasPrefix)
            else { return }
            replaced.insert(words[1..<arrow].joined(separator: " "))
        default: break
        }
    }
}
