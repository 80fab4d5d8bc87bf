import SystemPackage

/// A directory with all that is in it, which can be opened any number of times: on disk, or in a file such as
/// a tar.
struct FileTree: Sendable {
    /// The path of the directory, for messages; on disk, that by which it is opened.
    let path: FilePath

    /// The place of the directory in a file; `nil` for a directory on disk.
    private let entry: StoredTree.Entry?

    /// Creates the tree of a directory on disk, which need not be there.
    init(_ path: FilePath) {
        self.path = path
        entry = nil
    }

    /// Creates the tree of a directory that lies in a file.
    init(_ entry: StoredTree.Entry, shownAs path: FilePath) {
        self.path = path
        self.entry = entry
    }

    /// Opens the directory.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func open() throws(CacheStoreError) -> Directory {
        guard let entry else { return try Directory(opening: path) }
        return Directory(entry, path: ShownPath(path))
    }

    /// Throws if the directory lies in a file that another process has changed since its tree was read.
    ///
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/io``, or as the system says.
    func checkUnchanged() throws(CacheStoreError) { try entry?.tree.checkUnchanged() }

    /// Returns the path of an entry that lies below the directory, for messages.
    func path(below relative: String) -> FilePath { path.appending(FilePath(relative).components) }

    /// Returns the numbers of the directory and of all directories above it, the directory first.
    ///
    /// - Returns: The numbers; none if there is no directory.
    /// - Throws: ``CacheStoreError`` if the machine is at fault (``CacheStoreError/isOfMachine``).
    func way() throws(CacheStoreError) -> [FileStatus.Identity] {
        if let entry { return sequence(first: entry, next: \.above).map(\.status.identity) }
        var (way, path): ([FileStatus.Identity], FilePath) = ([], path)
        // The directory above the root is the root itself.
        while let found = try Directory.identity(at: path), way.last != found {
            way.append(found)
            path.append("..")
        }
        return way
    }
}
