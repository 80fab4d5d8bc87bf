import Glibc
import SystemPackage

/// The modes of GOMODCACHE, which decide who can use the modules, and who can add some.
///
/// A look at the modes reads no file. Outside of module trees, only files with names that Go gives count,
/// because others may be secret. Go's clones of repositories, below `cache/vcs`, are left alone, because git
/// refuses to work in a repository of another user.
struct ModuleCacheModes {
    /// A directory or file with a mode that does not serve the profile.
    struct Fault: Hashable, Sendable {
        /// The part of GOMODCACHE to which a directory or file belongs.
        enum Kind: Hashable, Sendable {
            /// A directory outside of module trees.
            case directory
            /// A file outside of module trees.
            case file
            /// A directory or file of a module tree.
            case tree
        }

        let path: FilePath
        let kind: Kind
    }

    private let repair: ModeRepair
    private let buildCache: OtherCache?
    private let entersTrees: Bool

    /// The directories and files whose modes did not serve.
    private(set) var faults: [Fault] = []

    /// The files in module trees with a name that an image's layers take for a removal.
    private(set) var whiteouts: [FilePath] = []

    /// Prepares a look at a GOMODCACHE.
    ///
    /// - Parameters:
    ///   - profile: The profile, which determines the modes.
    ///   - buildCache: GOCACHE, which may be the same directory or lie in it; `nil` if it is not known.
    ///   - treatment: The treatment of a directory or file whose mode does not serve.
    ///   - entersTrees: Whether to look at module trees, too.
    /// - Throws: ``CacheStoreError`` if the machine is at fault (``CacheStoreError/isOfMachine``).
    init(
        _ profile: CacheProfile,
        apartFrom buildCache: FilePath?,
        _ treatment: ModeRepair.Treatment,
        entersTrees: Bool = false
    ) throws(CacheStoreError) {
        repair = ModeRepair(profile: profile, treatment: treatment)
        self.buildCache = try OtherCache(buildCache.map { FileTree($0) })
        self.entersTrees = entersTrees
    }

    /// Looks at a GOMODCACHE.
    ///
    /// - Parameters:
    ///   - root: The directory.
    ///   - check: Called once per directory; an error that it throws ends the look.
    /// - Throws: The error of `check`, or the errors of ``ModeRepair/repair(_:of:with:without:)``. What can't
    ///   be used is passed over.
    mutating func look(at root: borrowing Directory, check: () throws -> Void) throws {
        // The user may have given the root a sticky bit. It does no harm, because Go renames nothing there.
        try lookAtDirectory(root, sticky: 0)
        for name in try Unusable.passedOver(try root.names().valid) ?? [] {
            if name == "cache" {
                try lookAtCache(root, check)
            } else if name.utf8.contains(UInt8(ascii: ".")) {
                // The first element of a module's path has a dot (`CheckPath` in golang.org/x/mod/module).
                try lookAtParents(name, of: root, check)
            }
        }
    }

    /// Looks at a directory above module trees, and at the directories in it.
    private mutating func lookAtParents(
        _ name: String,
        of parent: borrowing Directory,
        depth: Int = 0,
        _ check: () throws -> Void
    ) throws {
        // No module that Go can fetch has a longer path.
        guard depth < Descent.outerLimit else { return }
        guard !name.utf8.contains(UInt8(ascii: "@")) else {
            if entersTrees { try lookAtTree(name, of: parent, check) }
            return
        }
        guard let directory = try open(name, in: parent, check) else { return }
        for entry in try Unusable.passedOver(try directory.names().valid) ?? [] {
            try lookAtParents(entry, of: directory, depth: depth + 1, check)
        }
    }

    /// Looks at a module tree, or at a directory in one.
    ///
    /// Every user must be able to read it, and to execute what Go has made executable, as in a toolchain.
    ///
    /// - Parameters:
    ///   - name: The name of the directory.
    ///   - parent: The directory that holds it.
    ///   - check: Called once per directory; an error that it throws ends the look.
    /// - Throws: The errors of ``look(at:check:)``.
    mutating func lookAtTree(
        _ name: String,
        of parent: borrowing Directory,
        _ check: () throws -> Void
    ) throws {
        // The mode comes first, because it may keep even the owner from listing the directory.
        try lookAt(name, of: parent, as: .tree)
        guard let tree = try Unusable.passedOver(try parent.directory(name)) else { return }
        try Descent(tree).walk { directory, name in
            try Unusable.passedOver(try directory.directory(name))
        } _: { descent in
            try check()
            return try lookAtContent(of: descent.deepest.directory)
        }
    }

    /// Looks at what is in a directory of a module tree, and returns the names of the directories in it.
    private mutating func lookAtContent(of directory: borrowing Directory) throws -> [String] {
        var directories: [String] = []
        for entry in try Unusable.passedOver(try directory.names().valid) ?? [] {
            if PathRules.isWhiteout(entry) { whiteouts.append(directory.path(of: entry)) }
            let kind = try Unusable.passedOver(try directory.status(of: entry))?.kind
            guard kind == .regular || kind == .directory else { continue }
            try lookAt(entry, of: directory, as: .tree)
            if kind == .directory { directories.append(entry) }
        }
        return directories
    }

    private mutating func lookAtCache(_ root: borrowing Directory, _ check: () throws -> Void) throws {
        guard let cache = try open("cache", in: root, check) else { return }
        try lookAtFile("lock", of: cache)
        if let clones = try open("vcs", in: cache, check) {
            for name in try Unusable.passedOver(try clones.names().valid) ?? []
            where Self.hasSuffix(name, ["lock", "info"]) {
                try lookAtFile(name, of: clones)
            }
        }
        guard let downloads = try open("download", in: cache, check) else { return }
        for name in try Unusable.passedOver(try downloads.names().valid) ?? [] {
            try lookAtDownloads(name, of: downloads, isGos: { _ in name == "sumdb" }, check)
        }
    }

    /// Looks at a directory of downloads and at what is in it.
    ///
    /// - Parameters:
    ///   - name: The name of the directory.
    ///   - parent: The directory that holds it.
    ///   - depth: The number of directories of downloads above it.
    ///   - isGos: Whether a file in the directory has a name that Go gives.
    ///   - check: Called once per directory.
    /// - Throws: The errors of ``look(at:check:)``.
    private mutating func lookAtDownloads(
        _ name: String,
        of parent: borrowing Directory,
        depth: Int = 0,
        isGos: (String) -> Bool,
        _ check: () throws -> Void
    ) throws {
        guard depth < Descent.outerLimit else { return }
        guard let directory = try open(name, in: parent, check) else { return }
        for entry in try Unusable.passedOver(try directory.names().valid) ?? [] {
            if try Unusable.passedOver(try directory.status(of: entry))?.kind == .directory {
                try lookAtDownloads(entry, of: directory, depth: depth + 1, isGos: isGos, check)
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
        if !isShared, let buildCache, try buildCache.isEntry(name, of: parent) { return nil }
        guard let directory = try Unusable.passedOver(try parent.directory(name)) else { return nil }
        try lookAtDirectory(directory, sticky: 0o1000)
        return directory
    }

    private mutating func lookAtDirectory(_ directory: borrowing Directory, sticky: mode_t) throws {
        try lookAt(".", of: directory, as: .directory, sticky: sticky)
    }

    private mutating func lookAtFile(_ name: String, of directory: borrowing Directory) throws {
        guard try Unusable.passedOver(try directory.status(of: name))?.kind == .regular else { return }
        try lookAt(name, of: directory, as: .file)
    }

    private mutating func lookAt(
        _ name: String,
        of directory: borrowing Directory,
        as kind: Fault.Kind,
        sticky: mode_t = 0
    ) throws {
        guard let status = try Unusable.passedOver(try directory.status(of: name)) else { return }
        let bits: mode_t =
            switch kind {
            case .directory: repair.profile.moduleDirectoryMode
            case .file: repair.profile.moduleFileMode
            case .tree: status.kind == .directory || status.mode & 0o111 != 0 ? 0o555 : 0o444
            }
        if let path = try repair.repair(name, of: directory, with: bits, without: sticky) {
            faults.append(Fault(path: path, kind: kind))
        }
    }
}
