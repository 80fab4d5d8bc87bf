/// A cleaner of a module tree, which removes the entries that the manifest does not name.
struct TreeCleaner {
    // Paths are kept as bytes, because Swift considers some names equal that the system distinguishes.
    private var files: Set<[UInt8]> = []
    private var directories: Set<[UInt8]> = []

    /// Whether entries are only counted, and nothing is changed.
    var isPreview = false

    /// Takes the entries that belong in the tree from its manifest.
    init(_ manifest: TreeManifest) {
        for entry in manifest.entries {
            files.insert(Array(entry.path.utf8))
            for directory in entry.path.pathParents where !directories.insert(directory).inserted { break }
        }
    }

    /// Removes entries that do not belong: other names, links, and entries in place of a file or directory.
    ///
    /// - Parameters:
    ///   - tree: The tree's directory; it and the directories in it are made writable.
    ///   - removed: The number of removed entries, which is increased.
    /// - Throws: ``CacheStoreError`` as the system says.
    func clean(_ tree: borrowing Directory, removed: inout Int) throws {
        guard let own = try tree.directory(".", shownAs: tree.shownPath) else { return }
        try Descent(own).walk { descent in
            try clean(descent.deepest.directory, prefix: descent.prefix, removed: &removed)
        }
    }

    /// Cleans one directory, and returns the names of the directories in it that belong there.
    private func clean(
        _ directory: borrowing Directory,
        prefix: String,
        removed: inout Int
    ) throws(CacheStoreError) -> [String] {
        if !isPreview { try directory.setMode(0o755) }
        var kept: [String] = []
        let (names, others) = try directory.names()
        for path in others {
            if !isPreview { try directory.removeAll(at: path) }
            removed += 1
        }
        for name in names {
            let path = prefix + name
            guard let status = try directory.status(of: name) else { continue }
            if status.kind == .directory, directories.contains(Array(path.utf8)) {
                kept.append(name)
            } else if status.kind != .regular || !files.contains(Array(path.utf8)) {
                if !isPreview { try directory.removeAll(name) }
                removed += 1
            }
        }
        return kept
    }
}
