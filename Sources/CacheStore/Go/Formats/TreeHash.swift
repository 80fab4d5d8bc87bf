/// A computation of the `h1:` hash of a module's tree, as its zip contained it.
///
/// On first use of a toolchain, Go copies each `_go.mod` to a `go.mod` in the same directory
/// (cmd/go/internal/toolchain/select.go, `Exec`). Such a copy is not part of the zip, and is skipped. A
/// `go.mod` with other content is hashed, and makes the hash wrong.
struct TreeHash {
    private let module: ModuleKey
    private var files: [(path: String, id: ObjectID)] = []

    /// Begins the computation of a module's hash.
    init(_ module: ModuleKey) { self.module = module }

    /// Adds a file; the order of files does not matter.
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

    /// Returns the path of the `_go.mod` of which a `go.mod` would be a copy, or `nil` for other files.
    static func original(ofCopy path: String) -> String? {
        guard path == "go.mod" || path.hasSuffix("/go.mod") else { return nil }
        return path.dropLast("go.mod".count) + "_go.mod"
    }
}
