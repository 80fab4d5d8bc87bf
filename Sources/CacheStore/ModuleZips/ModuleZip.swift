/// What Go says of a module zip as a whole.
enum ModuleZip {
    /// Returns Go's hash of a module zip: `HashZip` of golang.org/x/mod/sumdb/dirhash, hash.go.
    ///
    /// Unlike extraction, the hash does count directories, as empty files, if the
    /// zip lists any; `go mod` makes zips without. The hash of the tree
    /// extracted from a zip with directories therefore differs from the zip's.
    ///
    /// - Parameters:
    ///   - zip: The whole zip file.
    ///   - module: The module; all names must begin with its `path@version/`, not escaped.
    /// - Returns: The hash.
    /// - Throws: ``ZipError`` if the zip is malformed or has content that does not match it.
    /// - Complexity: O(*n*) in the size of the zip and its content; memory for the names only.
    static func h1(of zip: Span<UInt8>, module: ModuleKey) throws -> ObjectID {
        let prefix = module.unescaped + "/"
        let directory = try ZipDirectory(of: zip, prefix: prefix)
        var reader = ZipReader()
        var hash = ModuleHash()
        for entry in directory.entries {
            var content = ContentHasher()
            try reader.read(entry, of: zip) { content.update($0) }
            hash.add(name: prefix + entry.path, id: content.finish())
        }
        return hash.finish()
    }

    /// Returns Go's hash of a module zip in a file, which is mapped into memory, not read as a whole.
    ///
    /// - Parameters:
    ///   - file: The zip.
    ///   - module: The module it is of.
    /// - Returns: The hash.
    /// - Throws: ``ZipError`` if it is malformed, or ``CacheStoreError`` as the system says.
    static func h1(of file: borrowing File, module: ModuleKey) throws -> ObjectID {
        let size = try file.status().size
        guard size > 0 else { throw ZipError("Zip is empty") }
        let mapped = try MappedFile(file, offset: 0, count: size)
        return try unsafe mapped.withBytes { try h1(of: unsafe Span(_unsafeBytes: $0), module: module) }
    }
}
