import CacheStore
import SystemPackage

extension ArchiveMetrics {
    /// The bytes with which each file of such figures begins.
    private static let beginning = "# HELP cachestore_"

    /// Checks, before the figures are known, that a file can take them.
    ///
    /// - Parameters:
    ///   - path: The file. It must be empty, hold such figures, or not be there.
    ///   - archive: The archive that is read, which must not be that file.
    /// - Throws: ``AdvisedError`` if the file is the archive or holds anything else, `CacheStoreError` as the
    ///   system says.
    static func check(_ path: FilePath, besides archive: Archive) throws {
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
        try advising { () throws(CacheStoreError) in try WholeFile.check(path, replacing: beginning) }
    }

    /// Writes the figures to a file, which other programs see only when it is whole.
    ///
    /// - Parameter path: The file. It is replaced if it is empty or holds such figures.
    /// - Throws: ``AdvisedError`` if the file holds anything else, `CacheStoreError` as the system says.
    func publish(at path: FilePath) throws {
        try Self.advising { () throws(CacheStoreError) in
            try WholeFile.publish(text, at: path, replacing: Self.beginning)
        }
    }

    private static func advising(_ body: () throws(CacheStoreError) -> Void) throws {
        do {
            try body()
        } catch  where error.code == .exists {
            throw AdvisedError(error, advice: "name another file for the figures, or remove this one first")
        }
    }
}
