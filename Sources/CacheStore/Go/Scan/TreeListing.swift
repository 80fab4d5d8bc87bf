import SystemPackage

/// A list of the files of a module tree on disk, made without reading the files.
struct TreeListing {
    /// The files, ordered by path, with the lengths that the file system reports.
    private(set) var files: [TreeManifest.Entry] = []

    /// The reason why a tree can't be packed.
    struct Fault: Error {
        var leftOut: LeftOut
    }

    /// Lists a tree.
    ///
    /// - Parameter directory: The tree's directory.
    /// - Throws: ``Fault`` if the tree contains something that no module has, or ``CacheStoreError`` if the
    ///   system reports an error.
    init(_ directory: borrowing Directory) throws {
        guard let own = try directory.directory(".", shownAs: directory.shownPath) else { return }
        try Descent(own).walk { descent in
            let here = descent.deepest
            guard descent.depth < Descent.depthLimit else {
                let explanation = "its directories are nested too deeply: the tree is left out"
                throw Fault(leftOut: LeftOut(.badName, here.directory.path, explanation))
            }
            return try list(here.directory, prefix: descent.prefix)
        }
        files.sort { $0.path.precedes($1.path) }
    }

    /// Adds the files of a directory, and returns the names of the directories in it.
    private mutating func list(_ directory: borrowing Directory, prefix: String) throws -> [String] {
        var directories: [String] = []
        let names = try directory.names()
        if let path = names.invalid.first {
            throw Fault(leftOut: LeftOut(.badName, path, "its name is not UTF-8: the tree is left out"))
        }
        for name in names.valid {
            guard let status = try directory.status(of: name) else { continue }
            switch status.kind {
            case .regular:
                files.append(
                    TreeManifest.Entry(
                        path: prefix + name,
                        size: status.size,
                        isExecutable: status.mode & 0o100 != 0
                    )
                )
            case .directory: directories.append(name)
            case .symbolicLink, .other:
                let reason: LeftOut.Reason = status.kind == .symbolicLink ? .symbolicLink : .specialFile
                let explanation = "a \(status.noun) in a module: the tree is left out"
                throw Fault(leftOut: LeftOut(reason, directory.path(of: name), explanation))
            }
        }
        return directories
    }
}
