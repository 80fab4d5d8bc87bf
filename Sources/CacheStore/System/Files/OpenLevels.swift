import SystemPackage

/// The directories that are open on the way to the file that was opened last.
///
/// Files that come in the order of their paths share their directories. So one descriptor per level is
/// enough, and each directory is opened once. No element of a path is followed as a symbolic link.
final class OpenLevels {
    /// A level below the root.
    ///
    /// The type is a class, because an array can't hold noncopyable values.
    private final class Level {
        let name: String
        let directory: Directory

        init(_ name: String, _ directory: consuming Directory) {
            self.name = name
            self.directory = directory
        }
    }

    private let root: Directory
    private var levels: [Level] = []

    /// Creates a value with no level open below the directory `root`.
    init(_ root: consuming Directory) { self.root = root }

    /// Opens the file at a path below the root for reading.
    ///
    /// - Parameter path: The path, with `/` between its elements.
    /// - Returns: The file.
    /// - Throws: ``CacheStoreError`` as the system says, with code ``CacheStoreError/Code/notFound`` where
    ///   there is no such file, and ``CacheStoreError/Code/unsafePath`` for a symbolic link.
    func openFile(at path: String) throws(CacheStoreError) -> File {
        var elements = path.pathElements
        let name = elements.removeLast()
        let common = zip(levels, elements).prefix { $0.name.utf8.elementsEqual($1.utf8) }.count
        levels.removeLast(levels.count - common)
        for element in elements.dropFirst(common) {
            guard let inner = try directory(element) else { throw missing(path) }
            levels.append(Level(element, inner))
        }
        let found = if let last = levels.last { try last.directory.file(name) } else { try root.file(name) }
        guard let found else { throw missing(path) }
        return found
    }

    private func directory(_ name: String) throws(CacheStoreError) -> Directory? {
        if let last = levels.last { try last.directory.directory(name) } else { try root.directory(name) }
    }

    private func missing(_ path: String) -> CacheStoreError {
        .system(.noSuchFileOrDirectory, "open", root.path(below: path))
    }
}
