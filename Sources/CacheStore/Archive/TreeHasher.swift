/// A visitor that computes the `h1:` hash of the tree that it is shown.
struct TreeHasher: TreeVisitor, ~Copyable {
    private var hash: TreeHash
    private var content = ContentHasher()

    /// Begins the hash of a module.
    init(_ module: ModuleKey) { hash = TreeHash(module) }

    mutating func begin(_ entry: TreeManifest.Entry) { content = ContentHasher() }

    mutating func write(_ bytes: Span<UInt8>, at offset: Int) { content.update(bytes) }

    mutating func end(_ entry: TreeManifest.Entry) {
        hash.add(entry.path, id: content.finish())
    }

    /// Returns the hash of all files seen.
    func finish() -> ObjectID { hash.finish() }
}
