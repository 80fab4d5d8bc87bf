/// Go's hash of a module's files, `h1:`, as in go.sum and in `.ziphash` files.
///
/// The hash is the SHA-256 of one line per file, ordered by name (golang.org/x/mod/sumdb/dirhash, `Hash1`). A
/// line holds the SHA-256 of the content in hexadecimal, two spaces, `path@version/` with the path in the
/// tree, and a line feed.
struct ModuleHash {
    private var files: [(name: String, id: ObjectID)] = []

    /// Adds a file; the order of files does not matter.
    ///
    /// - Parameters:
    ///   - name: The module's `path@version/`, not escaped, followed by the file's path in the tree.
    ///   - id: The SHA-256 of the file's content.
    mutating func add(name: String, id: ObjectID) { files.append((name, id)) }

    /// Returns the hash of the files added.
    ///
    /// - Complexity: O(*n* log *n*) in the number of files.
    func finish() -> ObjectID {
        var hasher = ContentHasher()
        for file in files.sorted(by: { $0.name.precedes($1.name) }) {
            hasher.update((file.id.hexadecimal + Array("  \(file.name)\n".utf8)).span)
        }
        return hasher.finish()
    }

    /// Returns the hash of a `go.mod` alone, as go.sum has it (Go's cmd/go/internal/modfetch/fetch.go,
    /// `goModSum`).
    static func id(ofModFile content: [UInt8]) -> ObjectID {
        var hash = Self()
        hash.add(name: "go.mod", id: ContentHasher.hash(content.span))
        return hash.finish()
    }

    // MARK: - Text

    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8
    )

    /// Returns a hash as Go writes it: `h1:` and 44 characters of base64 (RFC 4648).
    static func text(of id: ObjectID) -> String {
        var characters = Array("h1:".utf8)
        let bytes = id.bytes
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            for place in 0...3 {
                characters.append(
                    place > group.count ? UInt8(ascii: "=") : alphabet[bits >> (18 - 6 * place) & 63]
                )
            }
        }
        return String(decoding: characters, as: UTF8.self)
    }

    /// Returns the hash in the content of a `.ziphash` file, or `nil` if the content is anything else.
    static func id(ofZiphash content: [UInt8]) -> ObjectID? {
        guard content.count == 47, content.starts(with: Array("h1:".utf8)) else { return nil }
        var bytes: [UInt8] = []
        var bits = 0
        for (index, character) in content[3..<46].enumerated() {
            guard let value = alphabet.firstIndex(of: character) else { return nil }
            bits = (bits << 6 | value) & 0xFFFF
            // In each group of four characters, all but the first complete a byte.
            if index % 4 != 0 { bytes.append(UInt8(truncatingIfNeeded: bits >> (6 - 2 * (index % 4)))) }
        }
        guard let id = ObjectID(bytes.span), Array(text(of: id).utf8) == content else { return nil }
        return id
    }
}
