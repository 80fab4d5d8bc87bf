import Glibc
import SystemPackage

/// The modes of GOMODCACHE outside of module trees, which decide whether every user can add modules.
///
/// A look at the modes reads no file and enters no tree. Go's clones of repositories, below `cache/vcs`, are
/// left alone, because git refuses to work in a repository of another user.
struct ModuleCacheModes {
    /// A directory or file that lacks bits of its mode.
    struct Fault: Hashable, Sendable {
        let path: FilePath
        let isDirectory: Bool
    }

    private let directoryMode: mode_t
    private let fileMode: mode_t
    private let buildCache: OtherCache?
    private let mends: Bool

    /// The directories and files that lacked bits.
    private(set) var faults: [Fault] = []

    /// Prepares a look at a GOMODCACHE.
    ///
    /// - Parameters:
    ///   - profile: The profile, which determines the modes.
    ///   - buildCache: GOCACHE, which may be the same directory or lie in it; `nil` if it is not known.
    ///   - mends: Whether to add the bits that are missing. Only the owner can add bits, and what belongs to
    ///     others stays as it is.
    init(_ profile: CacheProfile, apartFrom buildCache: FilePath?, mends: Bool) {
        directoryMode = profile.moduleDirectoryMode
        fileMode = profile.moduleFileMode
        self.buildCache = OtherCache(buildCache)
        self.mends = mends
    }

    /// Looks at a GOMODCACHE.
    ///
    /// - Parameters:
    ///   - root: The directory.
    ///   - check: Called once per directory; an error that it throws ends the look.
    /// - Throws: The error of `check`. What can't be read is passed over.
    mutating func look(at root: borrowing Directory, check: () throws -> Void) throws {
        // The user may have given the root a sticky bit. It does no harm, because Go renames nothing there.
        lookAtDirectory(root, sticky: 0)
        for name in (try? root.names().valid) ?? [] {
            if name == "cache" {
                try lookAtCache(root, check)
            } else if name.utf8.contains(UInt8(ascii: ".")) {
                // The first element of a module's path has a dot (`CheckPath` in golang.org/x/mod/module).
                try lookAtParents(name, of: root, check)
            }
        }
    }

    /// Looks at a directory above module trees, and at the directories in it that are no trees.
    private mutating func lookAtParents(
        _ name: String,
        of parent: borrowing Directory,
        _ check: () throws -> Void
    ) throws {
        guard !name.utf8.contains(UInt8(ascii: "@")), let directory = try open(name, in: parent, check)
        else { return }
        for entry in (try? directory.names().valid) ?? [] { try lookAtParents(entry, of: directory, check) }
    }

    private mutating func lookAtCache(_ root: borrowing Directory, _ check: () throws -> Void) throws {
        guard let cache = try open("cache", in: root, check) else { return }
        for name in (try? cache.names().valid) ?? [] {
            if name == "vcs" {
                guard let clones = try open(name, in: cache, check) else { continue }
                for entry in (try? clones.names().valid) ?? [] { lookAtFile(entry, of: clones) }
            } else if name == "download" {
                try lookAtDownloads(name, of: cache, check)
            } else {
                lookAtFile(name, of: cache)
            }
        }
    }

    private mutating func lookAtDownloads(
        _ name: String,
        of parent: borrowing Directory,
        _ check: () throws -> Void
    ) throws {
        guard let directory = try open(name, in: parent, check) else { return }
        for entry in (try? directory.names().valid) ?? [] where !lookAtFile(entry, of: directory) {
            try lookAtDownloads(entry, of: directory, check)
        }
    }

    // MARK: - One directory or file

    /// Opens a directory and looks at its mode; returns `nil` if it can't be opened or is the build cache.
    private mutating func open(
        _ name: String,
        in parent: borrowing Directory,
        _ check: () throws -> Void
    ) throws -> Directory? {
        try check()
        if let buildCache, buildCache.isEntry(name, of: parent) { return nil }
        do throws(CacheStoreError) {
            guard let directory = try parent.directory(name) else { return nil }
            lookAtDirectory(directory, sticky: 0o1000)
            return directory
        } catch {
            return nil
        }
    }

    private mutating func lookAtDirectory(_ directory: borrowing Directory, sticky: mode_t) {
        guard let status = try? directory.status(of: "."),
            status.mode & (directoryMode | sticky) != directoryMode
        else { return }
        faults.append(Fault(path: directory.path, isDirectory: true))
        if mends { try? directory.setMode((status.mode | directoryMode) & ~sticky) }
    }

    /// Looks at the mode of an entry if it is a file, and returns whether it is no directory.
    @discardableResult
    private mutating func lookAtFile(_ name: String, of directory: borrowing Directory) -> Bool {
        guard let status = try? directory.status(of: name) else { return true }
        guard status.kind == .regular else { return status.kind != .directory }
        if status.mode & fileMode != fileMode {
            faults.append(Fault(path: directory.path(of: name), isDirectory: false))
            if mends { try? directory.setMode(of: name, status.mode | fileMode) }
        }
        return true
    }
}
