import Glibc
import SystemPackage

@testable import CacheStore

/// A snapshot of everything below a directory, to compare the states before and after.
struct TreeSnapshot: Equatable {
    /// A file, directory or link.
    struct Entry: Equatable {
        var kind: FileStatus.Kind
        var mode: mode_t
        var size: Int
        /// The modification time, in nanoseconds since 1970.
        var modified: Int
        var inode: ino_t
        /// The SHA-256 of a file's content.
        var id: ObjectID?
    }

    /// The entries, by path below the directory.
    var entries: [String: Entry] = [:]

    /// Takes a snapshot.
    init(of root: FilePath) throws { try add(root.string, prefix: "") }

    /// The paths in order.
    var paths: [String] { entries.keys.sorted { $0.precedes($1) } }

    /// The entries that are files.
    var files: [String: Entry] { entries.filter { $0.value.kind == .regular } }

    /// The SHA-256 of each file's content by path, with `nil` for everything that is not a file.
    ///
    /// These values do not depend on time and place.
    var contents: [String: ObjectID?] { entries.mapValues(\.id) }

    /// Returns the paths whose entries, including inode and time, differ from another snapshot's.
    func difference(from other: TreeSnapshot, ignoring isIgnored: (String) -> Bool = { _ in false })
        -> [String]
    {
        Set(entries.keys).union(other.entries.keys)
            .filter { !isIgnored($0) && entries[$0] != other.entries[$0] }
            .sorted { $0.precedes($1) }
    }

    private mutating func add(_ directory: String, prefix: String) throws {
        let names = try Directory(opening: FilePath(directory)).names()
        for name in names.valid {
            let path = "\(directory)/\(name)"
            var raw = stat()
            guard unsafe lstat(path, &raw) == 0 else { continue }
            let status = FileStatus(raw)
            entries[prefix + name] = Entry(
                kind: status.kind,
                mode: status.mode,
                size: status.kind == .regular ? status.size : 0,
                modified: raw.st_mtim.tv_sec * 1_000_000_000 + raw.st_mtim.tv_nsec,
                inode: raw.st_ino,
                id: status.kind == .regular ? try Files.id(path) : nil
            )
            if status.kind == .directory { try add(path, prefix: prefix + name + "/") }
        }
        for path in names.invalid {
            entries[prefix + path.lastComponent.debugDescription] = Entry(
                kind: .other,
                mode: 0,
                size: 0,
                modified: 0,
                inode: 0
            )
        }
    }
}
