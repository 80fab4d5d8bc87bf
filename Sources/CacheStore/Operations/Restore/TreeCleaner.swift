/// A cleaner of a module tree, which removes the entries that the manifest does not name.
struct TreeCleaner {
    // Paths are kept as bytes, because Swift considers some names equal that the system distinguishes.
    private var files: Set<[UInt8]> = []
    private var directories: Set<[UInt8]> = []

    /// Takes the entries that belong in the tree from its manifest.
    init(_ manifest: TreeManifest) {
        for entry in manifest.entries {
            files.insert(Array(entry.path.utf8))
            for directory in entry.path.pathParents where !directories.insert(Array(directory.utf8)).inserted
            { break }
        }
    }

    /// Removes entries that do not belong: other names, links, and entries in place of a file or directory.
    ///
    /// - Parameters:
    ///   - directory: A directory of the tree; it is made writable.
    ///   - prefix: The path of the directory in the tree and a slash, or nothing for the tree itself.
    ///   - removed: The number of removed entries, which is increased.
    /// - Throws: ``CacheStoreError`` as the system says.
    func clean(_ directory: borrowing Directory, prefix: String = "", removed: inout Int)
        throws(CacheStoreError)
    {
        try directory.setMode(0o755)
        for name in try directory.names().valid {
            let path = prefix + name
            guard let status = try directory.status(of: name) else { continue }
            if status.kind == .directory, directories.contains(Array(path.utf8)),
                let inner = try directory.directory(name)
            {
                try clean(inner, prefix: path + "/", removed: &removed)
            } else if status.kind != .regular || !files.contains(Array(path.utf8)) {
                try directory.removeAll(name)
                removed += 1
            }
        }
    }
}
