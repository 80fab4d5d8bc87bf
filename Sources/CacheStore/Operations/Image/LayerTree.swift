import Glibc

/// A writer of a module tree, or of a part of one, to a layer: the directories, and the files in the order of
/// their paths.
struct LayerTree: TreeVisitor, ~Copyable {
    private let module: ModuleKey
    private let path: String
    private let owner: FileOwner
    private let stream: LayerStream

    /// What the base has in the tree's directories and the tree does not have: names, by the paths of the
    /// directories.
    private let strays: FileNames<[String]>

    /// The path of the previous file, as bytes.
    private var last: [UInt8]?

    /// Begins a tree at a path.
    ///
    /// - Parameters:
    ///   - module: The tree's module.
    ///   - path: The path of the tree in the layer.
    ///   - owner: The owner of the tree's files.
    ///   - stream: The stream that takes the files.
    ///   - strays: The names to remove from the base, by the paths in the tree of their directories.
    ///   - last: The path in the tree of the file before the first one that is written; `nil` at the tree's
    ///     beginning.
    init(
        _ module: ModuleKey,
        _ path: String,
        _ owner: FileOwner,
        _ stream: LayerStream,
        removing strays: FileNames<[String]>,
        after last: String?
    ) {
        (self.module, self.path, self.owner, self.stream) = (module, path, owner, stream)
        (self.strays, self.last) = (strays, last.map { Array($0.utf8) })
    }

    /// Writes the tree's own directory.
    func begin() throws { try appendDirectory("") }

    mutating func begin(_ entry: TreeManifest.Entry) throws {
        // Files are ordered by path, so that those of a directory lie together. Paths are compared as bytes,
        // because Swift considers some names equal that the system distinguishes. The directories above the
        // previous file are those whose slash lies in what both paths have in common.
        let path = Array(entry.path.utf8)
        let common = zip(path, last ?? []).prefix { $0 == $1 }.count
        for index in path.indices.dropFirst(common) where path[index] == UInt8(ascii: "/") {
            try appendDirectory(String(decoding: path[..<index], as: UTF8.self))
        }
        stream.beginFile()
        try append("\(self.path)/\(entry.path)", .file(entry.size), entry.isExecutable ? 0o555 : 0o444)
    }

    mutating func write(_ bytes: Span<UInt8>, at offset: Int) throws {
        try stream.append(bytes, isChecked: true)
    }

    mutating func end(_ entry: TreeManifest.Entry) throws {
        stream.endFile(entry.path, of: module)
        try stream.pad(entry.size)
        last = Array(entry.path.utf8)
    }

    /// Writes a directory of the tree, and removes from the base what does not belong in it.
    private func appendDirectory(_ directory: String) throws {
        let path = directory.isEmpty ? path : "\(path)/\(directory)"
        try append(path, .directory, 0o555)
        for name in strays[directory] ?? [] {
            try append("\(path)/\(ImageDirectories.whiteout(of: name))", .file(0), 0o444)
        }
    }

    private func append(_ path: String, _ kind: TarHeader.Kind, _ mode: mode_t) throws {
        try stream.append(
            TarHeader(path: path, kind: kind, mode: mode, time: LayerMaker.time, owner: owner)
        )
    }
}
