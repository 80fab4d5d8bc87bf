/// The properties of a module zip as a whole, as Go defines them.
enum ModuleZip {
    /// Returns Go's hash of a module zip: `HashZip` of golang.org/x/mod/sumdb/dirhash, hash.go.
    ///
    /// Unlike extraction, the hash counts the directories that a zip lists, as empty files. A tree that is
    /// extracted from such a zip therefore has another hash than the zip. The zips that `go mod` makes list
    /// no directories.
    ///
    /// - Parameters:
    ///   - zip: The zip, which is read in pieces: its directory, then one entry after the other.
    ///   - module: The module; all names in the zip must begin with the module's `path@version/`, not
    ///     escaped.
    /// - Returns: The hash.
    /// - Throws: ``ZipError`` if the zip is malformed or its content does not match its directory, or
    ///   ``CacheStoreError`` if the system reports an error.
    /// - Complexity: O(*n*) in the size of the zip and its content; the memory holds the directory.
    static func h1(of zip: borrowing some ZipSource & ~Copyable, module: ModuleKey) throws -> ObjectID {
        try hashes(of: zip, module: module).zip
    }

    /// Returns Go's hash of a module zip, and the hash of the tree that Go extracts from the zip.
    ///
    /// - Parameters and errors: As for ``h1(of:module:)``.
    static func hashes(
        of zip: borrowing some ZipSource & ~Copyable,
        module: ModuleKey
    ) throws -> (zip: ObjectID, tree: ObjectID) {
        let prefix = module.unescaped + "/"
        let directory = try ZipDirectory(of: zip, prefix: prefix)
        var reader = try ZipReader()
        var (all, files) = (ModuleHash(), ModuleHash())
        // Content is read in the order of its bytes, so that each part of the zip is read once.
        for entry in directory.entries.sorted(by: { $0.content.lowerBound < $1.content.lowerBound }) {
            var content = ContentHasher()
            try reader.read(entry, of: zip) { content.update($0) }
            let (name, id) = (prefix + entry.path, content.finish())
            all.add(name: name, id: id)
            if !entry.isDirectory { files.add(name: name, id: id) }
        }
        return (all.finish(), files.finish())
    }
}
