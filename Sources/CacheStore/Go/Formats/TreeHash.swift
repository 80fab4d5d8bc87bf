/// Computes the `h1:` hash of a module's tree, as its zip had it.
///
/// Go copies each `_go.mod` of a toolchain to `go.mod` beside it on first use
/// (cmd/go/internal/toolchain/select.go, `Exec`). Such a copy is no part of the zip; a `go.mod` that is
/// another file counts, and spoils the hash.
struct TreeHash {
    private let module: ModuleKey
    private var files: [(path: String, id: ObjectID)] = []

    /// Begins the hash of a module.
    init(_ module: ModuleKey) { self.module = module }

    /// Adds a file, in any order.
    mutating func add(_ path: String, id: ObjectID) { files.append((path, id)) }

    /// Returns the hash of the files added.
    func finish() -> ObjectID {
        let originals =
            module.isToolchain ? Dictionary(files.map { ($0.path, $0.id) }) { first, _ in first } : [:]
        var hash = ModuleHash()
        for file in files {
            if let original = Self.original(ofCopy: file.path), originals[original] == file.id { continue }
            hash.add(name: "\(module.unescaped)/\(file.path)", id: file.id)
        }
        return hash.finish()
    }

    /// The `_go.mod` that a `go.mod` would be a copy of; `nil` for other files.
    static func original(ofCopy path: String) -> String? {
        guard path == "go.mod" || path.hasSuffix("/go.mod") else { return nil }
        return path.dropLast("go.mod".count) + "_go.mod"
    }
}
