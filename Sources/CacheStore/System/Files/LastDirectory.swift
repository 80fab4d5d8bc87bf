import SystemPackage

/// The directory of the file that was opened last, below a root.
///
/// Files that come in the order of their paths share their directories, so most files are opened without
/// another search. Only the root and this directory stay open, however deep the tree is, because many threads
/// may read trees at once. No element of a path is followed as a symbolic link.
final class LastDirectory {
    private let root: Directory

    /// The elements of the directory's path; none for the root itself.
    private var elements: [String] = []

    /// The directory, or `nil` for the root itself.
    private var directory: Directory?

    /// Begins at a directory.
    init(_ root: consuming Directory) { self.root = root }

    /// Opens the file at a path below the root for reading.
    ///
    /// - Parameter path: The path, with `/` between its elements.
    /// - Returns: The file.
    /// - Throws: ``CacheStoreError`` as the system says, with code ``CacheStoreError/Code/notFound`` where
    ///   there is no such file, and ``CacheStoreError/Code/symbolicLink`` for a symbolic link.
    func openFile(at path: String) throws(CacheStoreError) -> File {
        var parents = path.pathElements
        let name = parents.removeLast()
        if !isLast(parents) {
            elements = []
            directory = nil
            if !parents.isEmpty {
                directory = try root.directory(at: parents)
                if directory == nil { throw missing(path) }
                elements = parents
            }
        }
        let file = parents.isEmpty ? try root.file(name) : try directory?.file(name)
        guard let file else { throw missing(path) }
        return file
    }

    /// Returns whether these are the elements of the directory's path, compared by bytes.
    private func isLast(_ parents: [String]) -> Bool {
        parents.count == elements.count
            && zip(parents, elements).allSatisfy { $0.utf8.elementsEqual($1.utf8) }
    }

    private func missing(_ path: String) -> CacheStoreError {
        .system(.noSuchFileOrDirectory, "open", root.path(below: path))
    }
}
