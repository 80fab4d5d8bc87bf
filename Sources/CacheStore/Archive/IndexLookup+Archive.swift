extension IndexLookup {
    /// Opens the index of an archive.
    ///
    /// - Throws: ``SQLiteError``, or ``CacheStoreError`` if the database is not an archive's index.
    init(_ archive: Archive) throws {
        try self.init(
            archive.indexWindow,
            version: archive.trailer.version,
            framesSize: archive.trailer.framesSize,
            path: archive.path
        )
    }
}
