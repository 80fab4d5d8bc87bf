import Synchronization

/// The 256 directories of a GOCACHE, of which a few are open at a time.
///
/// A process may have as few as 64 open files. Outputs and action entries come in the order of their IDs, so
/// the few directories that are open are nearly always the ones that are needed.
final class Subdirectories: Sendable {
    /// An open directory.
    ///
    /// The type is a class, because an array can't hold noncopyable values.
    final class Subdirectory: Sendable {
        fileprivate let index: Int
        let directory: Directory

        fileprivate init(_ index: Int, _ directory: consuming Directory) {
            self.index = index
            self.directory = directory
        }
    }

    /// The number of directories that stay open while no thread uses them.
    private static let limit = 16

    private let root: CacheRoot
    private let open = Mutex<[Subdirectory]>([])

    /// The names in each directory before the restore.
    private let names: [EntryNames]

    /// Creates the directories that are missing, lists all of them, and removes what a restore that was
    /// killed has left.
    ///
    /// Go fails if a directory is missing and Go can't create that directory. A directory whose mode can't be
    /// changed is used as it is.
    ///
    /// - Parameters:
    ///   - root: GOCACHE.
    ///   - profile: The profile, which determines the permission bits of the directories.
    /// - Throws: ``CacheStoreError`` as the system says.
    init(of root: CacheRoot, profile: CacheProfile) throws(CacheStoreError) {
        self.root = root
        var all: [EntryNames] = []
        let mode = profile.directoryMode
        if profile.seals {
            var modes = BuildCacheModes(profile, .mendOwn)
            try modes.look(at: root.directory)
        }
        for index in 0..<256 {
            let name = BuildCacheLayout.subdirectory(index)
            let directory = try root.directory.creatingDirectory(name, mode: mode)
            if profile.seals, let status = try root.directory.status(of: name), status.mode & 0o777 != mode {
                try? directory.setMode(mode)
            }
            let names = try directory.names().valid
            for name in names where name.hasPrefix(FilePlacement.temporaryPrefix) {
                try directory.removeAll(name)
            }
            all.append(EntryNames(names))
        }
        names = all
    }

    /// Returns whether an entry may have been there before; `false` means that it was certainly not there.
    func mayContain(_ id: ObjectID, isOutput: Bool) -> Bool {
        names[Int(id.firstByte)].mayContain(id, isOutput: isOutput)
    }

    /// Returns whether a directory held no entries before.
    func wasEmpty(_ index: Int) -> Bool { names[index].isEmpty }

    /// Returns the directory of an entry, which stays open as long as the caller keeps it.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func directory(of id: ObjectID) throws(CacheStoreError) -> Subdirectory {
        let index = Int(id.firstByte)
        return try open.withLock { (open) throws(CacheStoreError) in
            if let place = open.lastIndex(where: { $0.index == index }) {
                let found = open.remove(at: place)
                open.append(found)
                return found
            }
            let directory = try root.directory.existingDirectory(at: BuildCacheLayout.subdirectory(index))
            if open.count == Self.limit { open.removeFirst() }
            let found = Subdirectory(index, directory)
            open.append(found)
            return found
        }
    }
}
