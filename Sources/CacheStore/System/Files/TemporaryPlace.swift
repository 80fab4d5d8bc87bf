import FoundationEssentials
import SystemPackage

/// The directory for temporary files, which TMPDIR names.
enum TemporaryPlace {
    /// Returns the path that a file would have in the directory.
    ///
    /// - Parameter name: The name of the file.
    /// - Returns: The path.
    /// - Throws: ``CacheStoreError`` if there is no such directory, or it can't be opened.
    static func path(of name: String) throws(CacheStoreError) -> FilePath {
        let directory = FilePath(FileManager.default.temporaryDirectory.path)
        do throws(CacheStoreError) {
            _ = try Directory(opening: directory)
        } catch {
            guard error.code == .notFound || error.code == .badArgument else { throw error }
            throw CacheStoreError(
                .notFound,
                "there is no directory for temporary files, which `TMPDIR` names",
                path: directory,
                remedy: .makeDirectory,
                cause: error.cause
            )
        }
        return directory.appending(name)
    }
}
