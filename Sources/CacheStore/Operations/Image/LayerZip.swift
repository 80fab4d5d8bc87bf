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
        copies = Self.copies(of: module, in: manifest)
        writer = ModuleZipWriter(prefix: module.unescaped + "/")
    }

    /// Returns the length of the zip of a module, in bytes.
    ///
    /// - Throws: ``ZipError`` if Go accepts no such zip.
    static func size(of module: ModuleKey, _ manifest: TreeManifest) throws(ZipError) -> Int {
        let copies = copies(of: module, in: manifest)
        let files = manifest.entries.lazy.filter { !copies.contains($0.path) }.map {
            (path: $0.path, size: $0.size)
        }
        for (path, _) in files where PathRules.fault(inPath: path, .moduleZip) != nil {
            throw ZipError("Go refuses the name", member: path)
        }
        return try ModuleZipWriter.size(prefix: module.unescaped + "/", files: files)
    }

    /// Returns the files that Go copied into a tree, and that the zip did not hold: see ``TreeHash``.
    private static func copies(of module: ModuleKey, in manifest: TreeManifest) -> Set<String> {
        guard module.isToolchain else { return [] }
        let names = Set(manifest.entries.map(\.path))
        return names.filter { TreeHash.original(ofCopy: $0).map(names.contains) ?? false }
    }

    mutating func begin(_ entry: TreeManifest.Entry) throws {
        isSkipping = copies.contains(entry.path)
        guard !isSkipping else { return }
        let stream = stream
        try writer.begin(entry.path, size: entry.size) { try stream.append($0) }
    }

    mutating func write(_ bytes: Span<UInt8>, at offset: Int) throws {
        guard !isSkipping else { return }
        let stream = stream
        try writer.write(bytes) { try stream.append($0, isChecked: true) }
    }

    mutating func end(_ entry: TreeManifest.Entry) {
        if !isSkipping { stream.check(.file(entry.path, of: module)) }
    }

    /// Ends the zip.
    mutating func finish() throws {
        let stream = stream
        try writer.finish { try stream.append($0) }
    }
}
