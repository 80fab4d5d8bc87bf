import CacheStore
import SystemPackage

extension ArchiveMetrics {
    /// The bytes with which each file of such figures begins.
    private static let beginning = "# HELP cachestore_"

    /// Writes the figures to a file, which other programs see only when it is whole.
    ///
    /// - Parameters:
    ///   - path: The file. It is replaced if it is empty or holds such figures.
    ///   - archive: The archive that was read, which must not be that file.
    /// - Throws: ``AdvisedError`` if the file is the archive or holds anything else, `CacheStoreError` as the
    ///   system says.
    func publish(at path: FilePath, besides archive: Archive) throws {
        if try Place.isSame(path, archive.path) {
            throw AdvisedError(
                CacheStoreError(
                    .badArgument,
                    "`--metrics` names the archive itself, which was not replaced",
                    path: path
                ),
                advice: "name another file for the figures"
            )
        }
        do {
            try WholeFile.publish(text, at: path, replacing: Self.beginning)
        } catch  where error.code == .exists {
            throw AdvisedError(error, advice: "name another file for the figures, or remove this one first")
        }
    }
}
