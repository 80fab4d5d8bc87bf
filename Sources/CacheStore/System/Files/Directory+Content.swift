import SystemPackage

extension Directory {
    /// Opens a directory, or returns `nil` if nothing is there.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    static func existing(_ path: FilePath) throws(CacheStoreError) -> Directory? {
        do throws(CacheStoreError) {
            return try Directory(opening: path)
        } catch {
            guard error.code == .notFound else { throw error }
            return nil
        }
    }

    /// Returns the length of all files below this directory, in bytes.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func contentBytes() throws -> Int {
        guard let own = try directory(".", shownAs: shownPath) else { return 0 }
        var sum = 0
        try Descent(own).walk { descent in
            let here = descent.deepest
            var directories: [String] = []
            for name in try here.directory.names().valid {
                guard let status = try here.directory.status(of: name) else { continue }
                if status.kind == .directory { directories.append(name) } else { sum += status.size }
            }
            return directories
        }
        return sum
    }
}
