import Glibc
import SystemPackage

/// The modes of GOMODCACHE outside of module trees, which decide whether every user can add modules.
///
/// A look at the modes reads no file and enters no tree. Only files with names that Go gives count, because
/// others may be secret. Go's clones of repositories, below `cache/vcs`, are left alone, because git refuses
/// to work in a repository of another user.
struct ModuleCacheModes {
    /// A directory or file that lacks bits of its mode.
    struct Fault: Hashable, Sendable {
        let path: FilePath
        let isDirectory: Bool
    }

    /// The treatment of a directory or file that lacks bits.
    enum Treatment {
        /// It stays as it is.
        case report
        /// It gets the bits, and a failure is an error.
        case mend
        /// It gets the bits, unless it belongs to another user.
        case mendOwn
    }

    private let directoryMode: mode_t
    private let fileMode: mode_t
    private let buildCache: OtherCache?
    private let treatment: Treatment

    /// The directories and files that lacked bits.
    private(set) var faults: [Fault] = []

    /// Prepares a look at a GOMODCACHE.
    ///
    /// - Parameters:
    ///   - profile: The profile, which determines the modes.
    ///   - buildCache: GOCACHE, which may be the same directory or lie in it; `nil` if it is not known.
    ///   - treatment: The treatment of a directory or file that lacks bits.
    init(_ profile: CacheProfile, apartFrom buildCache: FilePath?, _ treatment: Treatment) {
        directoryMode = profile.moduleDirectoryMode
        fileMode = profile.moduleFileMode
        self.buildCache = OtherCache(buildCache)
        self.treatment = treatment
    }

    /// Looks at a GOMODCACHE.
    ///
    /// - Parameters:
    ///   - root: The directory.
    ///   - check: Called once per directory; an error that it throws ends the look.
    /// - Throws: The error of `check`, or ``CacheStoreError`` with ``Treatment/mend``. What can't be read is
    ///   passed over.
    mutating func look(at root: borrowing Directory, check: () throws -> Void) throws {
        // The user may have given the root a sticky bit. It does no harm, because Go renames nothing there.
        try lookAtDirectory(root, sticky: 0)
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
        try lookAtFile("lock", of: cache)
        if let clones = try open("vcs", in: cache, check) {
            for name in (try? clones.names().valid) ?? [] where Self.hasSuffix(name, ["lock", "info"]) {
                try lookAtFile(name, of: clones)
            }
        }
        guard let downloads = try open("download", in: cache, check) else { return }
        for name in (try? downloads.names().valid) ?? [] {
            try lookAtDownloads(name, of: downloads, isGos: { _ in name == "sumdb" }, check)
        }
    }

    /// Looks at a directory of downloads and at what is in it.
    ///
    /// - Parameters:
    ///   - name: The name of the directory.
    ///   - parent: The directory that holds it.
    ///   - isGos: Whether a file in the directory has a name that Go gives.
    ///   - check: Called once per directory.
    /// - Throws: The errors of ``look(at:check:)``.
    private mutating func lookAtDownloads(
        _ name: String,
        of parent: borrowing Directory,
        isGos: (String) -> Bool,
        _ check: () throws -> Void
    ) throws {
        guard let directory = try open(name, in: parent, check) else { return }
        for entry in (try? directory.names().valid) ?? [] {
            if (try? directory.status(of: entry))?.kind == .directory {
                try lookAtDownloads(entry, of: directory, isGos: isGos, check)
            } else if isGos(entry) || name == "@v" && Self.isDownload(entry) {
                try lookAtFile(entry, of: directory)
            }
        }
    }

    /// Returns whether a file in a directory `@v` has a name that Go gives.
    private static func isDownload(_ name: String) -> Bool {
        name == "list" || hasSuffix(name, ["info", "lock", "mod", "partial", "zip", "ziphash"])
    }

    private static func hasSuffix(_ name: String, _ suffixes: [String]) -> Bool {
        suffixes.contains { name.hasSuffix("." + $0) }
    }

    // MARK: - One directory or file

    /// Opens a directory and looks at its mode; returns `nil` if it can't be opened or is the build cache.
    private mutating func open(
        _ name: String,
        in parent: borrowing Directory,
        _ check: () throws -> Void
    ) throws -> Directory? {
        try check()
        // GOCACHE may also be the directory in which GOMODCACHE has its downloads.
        let isShared = ["cache", "download"].contains(name)
        if !isShared, let buildCache, buildCache.isEntry(name, of: parent) { return nil }
        guard let directory = Self.directory(name, of: parent) else { return nil }
        try lookAtDirectory(directory, sticky: 0o1000)
        return directory
    }

    private static func directory(_ name: String, of parent: borrowing Directory) -> Directory? {
        do {
            return try parent.directory(name)
        } catch {
            return nil
        }
    }

    private mutating func lookAtDirectory(_ directory: borrowing Directory, sticky: mode_t) throws {
        guard let status = try? directory.status(of: "."),
            status.mode & (directoryMode | sticky) != directoryMode
        else { return }
        faults.append(Fault(path: directory.path, isDirectory: true))
        try mend { () throws(CacheStoreError) in
            try directory.setMode((status.mode | directoryMode) & ~sticky)
        }
    }

    private mutating func lookAtFile(_ name: String, of directory: borrowing Directory) throws {
        guard let status = try? directory.status(of: name), status.kind == .regular,
            status.mode & fileMode != fileMode
        else { return }
        faults.append(Fault(path: directory.path(of: name), isDirectory: false))
        try mend { () throws(CacheStoreError) in
            try directory.setMode(of: name, status.mode | fileMode)
        }
    }

    private func mend(_ body: () throws(CacheStoreError) -> Void) throws(CacheStoreError) {
        switch treatment {
        case .report: break
        case .mend: try body()
        case .mendOwn: try? body()
        }
    }
}
