import SystemPackage

/// The directory of the one cache, as it looks from a scan of the other.
///
/// Go works with one directory for both caches, and with one inside the other. What belongs to the other
/// cache is then no stranger in the cache that is scanned.
struct OtherCache: Sendable {
    /// The directory itself.
    private let directory: FileStatus.Identity

    /// The directory and all directories above it.
    private let way: Set<FileStatus.Identity>

    /// Looks at a directory; the result is `nil` if there is none.
    ///
    /// - Throws: ``CacheStoreError`` if the machine is at fault (``CacheStoreError/isOfMachine``); so do the
    ///   methods below.
    init?(_ tree: FileTree?) throws(CacheStoreError) {
        guard let way = try tree?.way(), let first = way.first else { return nil }
        (directory, self.way) = (first, Set(way))
    }

    /// Returns whether the other cache is this directory.
    func isSame(as directory: borrowing Directory) throws(CacheStoreError) -> Bool {
        try directory.identity() == self.directory
    }

    /// Returns whether an entry is the directory of the other cache, or a link to it.
    func isEntry(_ name: String, of directory: borrowing Directory) throws(CacheStoreError) -> Bool {
        try directory.identity(of: name) == self.directory
    }

    /// Returns whether an entry is the directory of the other cache, or a directory above it.
    func isBelow(_ name: String, of directory: borrowing Directory) throws(CacheStoreError) -> Bool {
        try directory.identity(of: name).map(way.contains) ?? false
    }
}
