import SystemPackage

extension Warning {
    /// Returns a warning on the output of a preview if a file has its name already, and may not be replaced.
    ///
    /// - Throws: ``CacheStoreError`` if no file could get the name.
    static func preview(of output: FilePath?, overwrite: Bool) throws(CacheStoreError) -> [Warning] {
        guard let output, try TemporaryFile.isTaken(output), !overwrite else { return [] }
        return [
            Warning(
                code: .outputExists,
                message: "`\(output)` exists already, so that the archive could not be written",
                remedy: .overwrite
            )
        ]
    }
}
