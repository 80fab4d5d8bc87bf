/// A writer of the zip of a module tree to a layer, in place of a tree that layers can't hold.
///
/// The zip is not compressed, and has the same `h1:` hash as the original zip. Go unpacks the zip when a
/// build needs the module (cmd/go/internal/modfetch/fetch.go, `download`).
struct LayerZip: TreeVisitor, ~Copyable {
    private let module: ModuleKey
    private let stream: LayerStream
    private let copies: Set<String>
    private var writer: ModuleZipWriter
    private var isSkipping = false

    /// Begins the zip of a module.
    init(_ module: ModuleKey, _ manifest: TreeManifest, _ stream: LayerStream) {
        (self.module, self.stream) = (module, stream)
        copies = ModuleZipWriter.copies(of: module, in: manifest)
        writer = ModuleZipWriter(prefix: module.unescaped + "/")
    }

    mutating func begin(_ entry: TreeManifest.Entry) throws {
        isSkipping = copies.contains(entry.path)
        guard !isSkipping else { return }
        let stream = stream
        stream.beginFile()
        try writer.begin(entry.path, size: entry.size) { try stream.append($0) }
    }

    mutating func write(_ bytes: Span<UInt8>, at offset: Int) throws {
        guard !isSkipping else { return }
        let stream = stream
        try writer.write(bytes) { try stream.append($0, isChecked: true) }
    }

    mutating func end(_ entry: TreeManifest.Entry) {
        if !isSkipping { stream.endFile(entry.path, of: module) }
    }

    /// Ends the zip.
    mutating func finish() throws {
        let stream = stream
        try writer.finish { try stream.append($0) }
    }
}
