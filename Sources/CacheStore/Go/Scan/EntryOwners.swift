import Glibc
import SystemPackage

/// The users that own the action entries of a GOCACHE that a restore has stamped.
///
/// Go marks an entry that it uses by setting the entry's time. Only the owner of a file and the superuser may
/// do so, and Go ignores the error (`markUsed` in cmd/go/internal/cache/cache.go). So if one user restores
/// and another one builds, no mark tells what was used.
struct EntryOwners: Hashable, Sendable {
    /// The owners of entries that were made or used since the restore, or in the day before it.
    var ofMarked: Set<uid_t> = []

    /// The owners of entries without a mark.
    var ofUnmarked: Set<uid_t> = []

    /// Creates the owners of no entries.
    init() {}

    /// Looks at all entries of a GOCACHE.
    ///
    /// - Parameters:
    ///   - path: GOCACHE.
    ///   - earliest: The earliest time of an entry that has a mark, in seconds since 1970.
    /// - Throws: ``CacheStoreError`` as the system says.
    init(in path: FilePath, markedSince earliest: Int) throws(CacheStoreError) {
        let root = try Directory(opening: path)
        for index in 0..<256 {
            let name = BuildCacheLayout.subdirectory(index)
            do throws(CacheStoreError) {
                guard let directory = try root.directory(name) else { continue }
                for entry in try directory.names().valid where entry.hasSuffix("-a") {
                    guard let status = try directory.status(of: entry), status.kind == .regular else {
                        continue
                    }
                    if status.modified < earliest {
                        ofUnmarked.insert(status.owner)
                    } else if status.modified < BuildCacheLayout.earliestSealTime {
                        ofMarked.insert(status.owner)
                    }
                }
            } catch {
                // The scan of the entries reports a directory that is none.
                if error.isOfMachine { throw error }
            }
        }
    }

    /// Returns the owners of unmarked entries that a user who may have built could not mark.
    ///
    /// The users who may have built are the one who packs and the owners of marked entries. The superuser can
    /// mark every entry.
    ///
    /// - Parameter packer: The user who packs.
    /// - Returns: The owners.
    func unmarkable(whenPackedBy packer: uid_t) -> Set<uid_t> {
        let builders = ofMarked.union([packer]).subtracting([0])
        return ofUnmarked.filter { owner in builders.contains { $0 != owner } }
    }
}
