/// Removes from a module tree what its manifest does not name.
struct TreeCleaner {
    // By bytes: to Swift, two names are equal that the system tells apart.
    private var files: Set<[UInt8]> = []
    private var directories: Set<[UInt8]> = []

    /// Takes what belongs in the tree from its manifest.
    init(_ manifest: TreeManifest) {
        for entry in manifest.entries {
            files.insert(Array(entry.path.utf8))
            for directory in entry.path.pathParents where !directories.insert(Array(directory.utf8)).inserted
            { break }
        }
    }

    /// Removes what does not belong: other names, links, and whatever stands in the way of a file or
    /// directory.
    ///
    /// - Parameters:
    ///   - directory: A directory of the tree; it is made writable.
    ///   - prefix: Its path in the tree and a slash, or nothing for the tree itself.
    ///   - removed: Is counted up.
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
