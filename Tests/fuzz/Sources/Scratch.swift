import Glibc
import SystemPackage

@testable import CacheStore

/// A directory for the files of a target, in memory where the system has a file system for that.
///
/// A fuzzer that is killed leaves its directory behind; the next one removes those of dead processes.
struct Scratch {
    /// The directory of which all parts must stay as they are, except for those that a target names.
    let root: FilePath

    private static let prefix = "castore-fuzz."

    init() throws {
        let parent: FilePath = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
        let directory = try Directory(opening: parent)
        for name in try directory.names().valid where name.hasPrefix(Self.prefix) {
            guard let owner = pid_t(name.dropFirst(Self.prefix.count)) else { continue }
            // A directory of another user can't be removed, and does no harm.
            if kill(owner, 0) != 0, errno == ESRCH { try? directory.removeAll(name) }
        }
        let name = Self.prefix + String(getpid())
        root = parent.appending(name)
        try directory.removeAll(name)
        _ = try Directory.creating(root)
    }

    /// Removes everything in the directory.
    func clear() {
        do {
            let directory = try Directory(opening: root)
            let (names, others) = try directory.names()
            for name in names { try directory.removeAll(name) }
            for path in others { try directory.removeAll(at: path) }
        } catch {
            fail("the scratch directory can't be cleared: \(error)")
        }
    }

    /// Writes a file of the directory, and the directory above it.
    func write(_ bytes: [UInt8], to name: String) -> FilePath {
        let path = root.appending(FilePath(name).components)
        do {
            _ = try Directory.creating(path.removingLastComponent())
            let file = try FileDescriptor.open(
                path,
                .writeOnly,
                options: [.create, .truncate],
                permissions: [.ownerReadWrite]
            )
            try file.closeAfter { _ = try file.writeAll(bytes) }
        } catch {
            fail("the scratch file can't be written: \(error)")
        }
        return path
    }

    /// The names in a directory below ``root``, ordered.
    func names(in name: String = "") -> [String] {
        do {
            let names = try Directory(opening: root.appending(FilePath(name).components)).names()
            return (names.valid + names.invalid.map(\.string)).sorted()
        } catch {
            fail("the scratch directory can't be read: \(error)")
        }
    }
}
