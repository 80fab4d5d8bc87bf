/// What Go says of a module zip as a whole.
enum ModuleZip {
    /// Returns Go's hash of a module zip: `HashZip` of golang.org/x/mod/sumdb/dirhash, hash.go.
    ///
    /// Unlike extraction, the hash does count directories, as empty files, if the
    /// zip lists any; `go mod` makes zips without. The hash of the tree
    /// extracted from a zip with directories therefore differs from the zip's.
    ///
    /// - Parameters:
    ///   - zip: The zip, which is read in pieces: its directory, then one entry after the other.
    ///   - module: The module; all names must begin with its `path@version/`, not escaped.
    /// - Returns: The hash.
    /// - Throws: ``ZipError`` if the zip is malformed or has content that does not match it, or
    ///   ``CacheStoreError`` as the system says.
    /// - Complexity: O(*n*) in the size of the zip and its content; memory for the directory.
    static func h1(of zip: borrowing some ZipSource & ~Copyable, module: ModuleKey) throws -> ObjectID {
        let prefix = module.unescaped + "/"
        let directory = try ZipDirectory(of: zip, prefix: prefix)
        var reader = try ZipReader()
        var hash = ModuleHash()
        for entry in directory.entries {
            var content = ContentHasher()
            try reader.read(entry, of: zip) { content.update($0) }
            hash.add(name: prefix + entry.path, id: content.finish())
        }
        return hash.finish()
    }
}
