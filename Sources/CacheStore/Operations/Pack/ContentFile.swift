import SystemPackage

/// The source of content that is to be packed.
enum ContentFile: Sendable {
    /// Bytes in memory.
    case bytes([UInt8])

    /// A file, by its path below a cache.
    case file(String, in: FileTree)

    /// A file without a name.
    case scratch(ScratchFile)

    /// The files of a module tree, one after another; the path of the tree is below a cache.
    case tree(String, TreeManifest, in: FileTree)

    /// Reads a part of the content.
    ///
    /// - Parameters:
    ///   - offset: The offset at which the part begins, in bytes.
    ///   - count: The length of the part, in bytes.
    ///   - buffer: The buffer that the part replaces. The part is shorter than `count` if files have become
    ///     shorter.
    /// - Throws: ``CacheStoreError`` as the system says.
    func read(at offset: Int, count: Int, into buffer: inout [UInt8]) throws(CacheStoreError) {
        switch self {
        case .bytes(let bytes):
            buffer.removeAll(keepingCapacity: true)
            buffer += bytes[min(offset, bytes.count)..<min(offset + count, bytes.count)]
        case .file(let path, let root):
            try root.open().openFile(at: path).read(at: offset, count: count, into: &buffer)
        case .scratch(let scratch): try scratch.file.read(at: offset, count: count, into: &buffer)
        case .tree(let path, let manifest, let root):
            buffer.removeAll(keepingCapacity: true)
            let files = LastDirectory(try root.open().existingDirectory(at: path))
            var start = 0
            for entry in manifest.entries {
                let end = start + entry.size
                if end > offset, start < offset + count {
                    let file = try files.openFile(at: entry.path)
                    let first = max(offset, start)
                    try file.append(at: first - start, count: min(end, offset + count) - first, to: &buffer)
                }
                if end >= offset + count { return }
                start = end
            }
        }
    }
}
