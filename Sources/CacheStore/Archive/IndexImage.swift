import SystemPackage

/// The bytes that the rows of an index make: those that a writer would have written.
///
/// An SQLite database can hold the same rows in many ways, and bytes that belong to no row. An archive holds
/// them in one way only, so that equal sets are equal files, and so that nothing can hide in an index.
enum IndexImage {
    /// Makes the index again from its rows.
    ///
    /// - Parameters:
    ///   - index: The index, whose tables are known to be those of the format.
    ///   - version: The version of the format.
    ///   - path: The archive, for messages.
    /// - Returns: The index that a writer would have written.
    /// - Throws: ``SQLiteError`` if the rows can't be read or have no place in the tables, or
    ///   ``CacheStoreError`` for a system error.
    /// - Complexity: O(*n*) in the length of the index, in time and memory.
    static func made(from index: FileWindow, version: Int, path: FilePath) throws -> MemoryFile {
        let image = try MemoryFile(shownAs: path)
        do {
            let database = try SQLiteDatabase(FileWindow(descriptor: image.file.descriptor))
            try database.execute(IndexSchema.settings(version: version))
            try database.execute("PRAGMA temp_store = MEMORY; ATTACH '\(index.name)' AS found; BEGIN")
            for table in IndexSchema.tables { try database.execute(table) }
            for name in IndexSchema.names {
                // The first one or two columns are the key.
                try database.execute("INSERT INTO main.\(name) SELECT * FROM found.\(name) ORDER BY 1, 2")
            }
            try database.execute("COMMIT")
        }
        try IndexFile.fixFields(of: image.file)
        return image
    }

    /// Returns whether the index of an archive has the bytes that its rows make.
    ///
    /// - Throws: ``CacheStoreError`` for a system error.
    static func isCanonical(_ archive: Archive) throws -> Bool {
        let index = archive.indexWindow
        let image: MemoryFile
        do {
            image = try made(from: index, version: archive.formatVersion, path: archive.path)
        } catch let error as SQLiteError {
            if let cause = error.machineFault { throw CacheStoreError.system(cause, "read", archive.path) }
            return false
        }
        let size = index.size ?? 0
        guard try image.file.status().size == size else { return false }
        var (found, right): ([UInt8], [UInt8]) = ([], [])
        for offset in stride(from: 0, to: size, by: 1 << 20) {
            let count = min(1 << 20, size - offset)
            try archive.readIndex(at: offset, count: count, into: &found)
            try image.file.read(at: offset, count: count, into: &right)
            guard found == right else { return false }
        }
        return true
    }
}
