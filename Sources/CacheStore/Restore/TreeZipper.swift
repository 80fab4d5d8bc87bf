import SystemPackage

/// Makes a zip from the module tree it is shown: not compressed, and with the same `h1:` hash as the original.
struct TreeZipper: TreeVisitor, ~Copyable {
    private let file: File
    private var writer: ModuleZipWriter
    private var written = 0

    /// Begins the zip of a module.
    init(_ module: ModuleKey, into file: consuming File) {
        self.file = file
        writer = ModuleZipWriter(prefix: module.unescaped + "/")
    }

    mutating func begin(_ entry: TreeManifest.Entry) throws {
        try emit { try $0.begin(entry.path, size: entry.size, into: $1) }
    }

    mutating func write(_ bytes: Span<UInt8>, at offset: Int) throws {
        try emit { try $0.write(bytes, into: $1) }
    }

    mutating func end(_ entry: TreeManifest.Entry) {}

    /// Ends the zip.
    ///
    /// - Returns: Its length in bytes.
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
