/// A visitor that computes the hash of a tree, and checks that its stream is cut by the rule of the format.
struct CheckedTree: TreeVisitor, ~Copyable {
    private var hasher: TreeHasher

    /// Whether all chunks so far end where the rule cuts.
    private(set) var isCutRight = true

    /// Begins with no files.
    init(_ module: ModuleKey) { hasher = TreeHasher(module) }

    mutating func take(_ chunk: Span<UInt8>, isLast: Bool) {
        if !Chunker.isChunk(chunk, isLast: isLast) { isCutRight = false }
    }

    mutating func begin(_ entry: TreeManifest.Entry) { hasher.begin(entry) }

    mutating func write(_ bytes: Span<UInt8>, at offset: Int) { hasher.write(bytes, at: offset) }

    mutating func end(_ entry: TreeManifest.Entry) { hasher.end(entry) }

    /// Returns the hash of all files seen.
    func finish() -> ObjectID { hasher.finish() }
}
