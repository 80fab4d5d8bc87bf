import SystemPackage

/// An open directory that several owners share.
final class OpenDirectory: Sendable {
    let directory: Directory

    /// Takes ownership of a directory.
    init(_ directory: consuming Directory) { self.directory = directory }
}

/// A way from a directory down to another, level by level, of which only the deepest levels are open.
///
/// Neither descriptors nor the stack grow with the depth, and each step takes the same time at any depth: the
/// way up leads through `..`. The directory found there must be the one that the way down has passed, so
/// another process that moves directories can't lead the way elsewhere.
final class Descent {
    /// A level, whose directory may be closed; its identity is known then.
    private struct Level {
        let name: String
        var directory: OpenDirectory?
        var identity: FileStatus.Identity?
    }

    /// The greatest number of levels in a path that a member can have: each takes a byte and a slash.
    static let depthLimit = 2048

    /// The greatest number of elements in the path of a directory outside of module trees that is entered.
    ///
    /// Such directories are entered by recursion. No path of a module that Go can fetch is so long.
    static let outerLimit = 512

    /// The number of the deepest levels that are open, apart from the first directory.
    private static let openLevels = 6

    private let root: OpenDirectory
    private var levels: [Level] = []

    /// Begins at a directory.
    init(_ root: consuming Directory) { self.root = OpenDirectory(root) }

    /// The number of levels below the first directory.
    var depth: Int { levels.count }

    /// The directory of the deepest level.
    var deepest: OpenDirectory { levels.last?.directory ?? root }

    /// The names of the levels, the highest first.
    var names: [String] { levels.map(\.name) }

    /// The path of the deepest level below the first directory, with a slash at its end; empty at the first
    /// directory.
    var prefix: String { levels.reduce(into: "") { $0 += $1.name + "/" } }

    /// Returns whether a level has a name; names are compared as bytes.
    func hasName(_ name: String, atDepth depth: Int) -> Bool {
        depth < levels.count && levels[depth].name.utf8.elementsEqual(name.utf8)
    }

    /// Goes down to a directory in the deepest one.
    ///
    /// - Parameters:
    ///   - name: The name of the directory.
    ///   - directory: The directory.
    /// - Throws: ``CacheStoreError`` as the system says.
    func enter(_ name: String, _ directory: consuming Directory) throws(CacheStoreError) {
        levels.append(Level(name: name, directory: OpenDirectory(directory)))
        let last = levels.count - 1 - Self.openLevels
        guard last >= 0, let closing = levels[last].directory else { return }
        levels[last].identity = try closing.directory.identity()
        levels[last].directory = nil
    }

    /// Goes up by one level.
    ///
    /// - Returns: The name of the level that was left; `nil` at the first directory.
    /// - Throws: ``CacheStoreError`` as the system says.
    @discardableResult
    func leave() throws(CacheStoreError) -> String? {
        guard let left = levels.popLast() else { return nil }
        if let last = levels.last, last.directory == nil {
            levels[levels.count - 1].directory = try parent(of: left)
        }
        return left.name
    }

    private func parent(of left: Level) throws(CacheStoreError) -> OpenDirectory {
        if let here = left.directory, let identity = levels.last?.identity {
            let path = here.directory.shownPath.above
            if let above = try here.directory.directory("..", shownAs: path),
                try above.identity() == identity
            {
                return OpenDirectory(above)
            }
        }
        // Another process has moved a directory.
        return OpenDirectory(try root.directory.existingDirectory(at: names.joined(separator: "/")))
    }

    /// Visits the first directory and directories below it, each before those in it.
    ///
    /// - Parameters:
    ///   - open: Opens a directory; the visit passes over a directory for which it returns `nil`.
    ///   - visit: Called at each directory; it returns the names of the directories in it to visit.
    /// - Throws: The error of `open` or `visit`, or ``CacheStoreError`` as the system says.
    func walk(
        opening open: (borrowing Directory, String) throws -> Directory? = { try $0.directory($1) },
        _ visit: (Descent) throws -> [String]
    ) throws {
        var pending: [[String]] = [try visit(self).reversed()]
        while let last = pending.indices.last {
            guard let name = pending[last].popLast() else {
                pending.removeLast()
                try leave()
                continue
            }
            guard let inner = try open(deepest.directory, name) else { continue }
            try enter(name, inner)
            pending.append(try visit(self).reversed())
        }
    }
}
