import SystemPackage

/// A maker of a zip from the files of a module tree.
///
/// The zip is not compressed, and has the same `h1:` hash as the original zip.
struct TreeZipper: TreeVisitor, ~Copyable {
    private let file: File
    private let names: Set<String>
    private var writer: ModuleZipWriter
    private var isSkipping = false
    private var written = 0

    /// Begins the zip of a module; the tree that follows must have the module's hash.
    init(_ module: ModuleKey, _ manifest: TreeManifest, into file: consuming File) {
        self.file = file
        names = module.isToolchain ? Set(manifest.entries.map(\.path)) : []
        writer = ModuleZipWriter(prefix: module.unescaped + "/")
    }

    mutating func begin(_ entry: TreeManifest.Entry) throws {
        // The zip did not hold the files that Go copies there: see TreeHash.
        isSkipping = TreeHash.original(ofCopy: entry.path).map(names.contains) ?? false
        if !isSkipping { try emit { try $0.begin(entry.path, size: entry.size, into: $1) } }
    }

    mutating func write(_ bytes: Span<UInt8>, at offset: Int) throws {
        if !isSkipping { try emit { try $0.write(bytes, into: $1) } }
    }

    mutating func end(_ entry: TreeManifest.Entry) {}

    /// Ends the zip.
    ///
    /// - Returns: The length of the zip, in bytes.
    mutating func finish() throws -> Int {
        try emit { try $0.finish(into: $1) }
        return written
    }

    private mutating func emit(
        _ body: (inout ModuleZipWriter, (Span<UInt8>) throws -> Void) throws -> Void
    ) throws {
        try body(&writer) { piece in
            try file.write(piece, at: written)
            written += piece.count
        }
    }
}
