import SystemPackage

/// Where content to be packed is read from.
enum ContentFile: Sendable {
    /// Bytes in memory.
    case bytes([UInt8])

    /// One file.
    case file(FilePath)

    /// The files of a tree, one after another.
    case tree(FilePath, TreeManifest)

    /// Reads part of the stream.
    ///
    /// - Parameters:
    ///   - offset: Where the part begins, in bytes.
    ///   - count: Its length, in bytes.
    ///   - buffer: Is replaced by the part; shorter if files have become shorter.
    /// - Throws: ``CacheStoreError`` as the system says.
    func read(at offset: Int, count: Int, into buffer: inout [UInt8]) throws(CacheStoreError) {
        switch self {
        case .bytes(let bytes): buffer = bytes
        case .file(let path):
            try File(reading: path, followsLinks: false).read(at: offset, count: count, into: &buffer)
        case .tree(let path, let manifest):
            buffer.removeAll(keepingCapacity: true)
            let root = try Directory(opening: path)
            var start = 0
            for entry in manifest.entries {
                let end = start + entry.size
                if end > offset, start < offset + count {
                    guard let file = try root.file(entry.path) else {
                        throw .system(.noSuchFileOrDirectory, "open", root.path(of: entry.path))
                    }
                    let first = max(offset, start)
                    try file.append(at: first - start, count: min(end, offset + count) - first, to: &buffer)
                }
                if end >= offset + count { return }
                start = end
            }
        }
    }
}
