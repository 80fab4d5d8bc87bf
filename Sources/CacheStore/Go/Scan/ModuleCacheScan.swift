import SystemPackage

/// The files found in GOMODCACHE: downloads, and directories that may be module trees.
///
/// A scan reads neither trees nor zips. Source of the layout: Go's cmd/go/internal/modfetch/cache.go.
struct ModuleCacheScan: Sendable {
    /// The small downloads of modules: `.info`, `.mod`, `.ziphash`.
    struct Download: Sendable {
        var module: ModuleKey
        var kind: MemberSet.DownloadKind
        var bytes: [UInt8]

        /// The key that orders downloads.
        var key: MemberSet.Download.Key { MemberSet.Download.Key(module: module, kind: kind) }
    }

    /// A file of the checksum database.
    struct ChecksumFile: Sendable {
        var path: String
        var bytes: [UInt8]
    }

    /// The downloads, ordered by module, then by kind.
    var downloads: [Download] = []

    /// The modules that have a zip, in any order.
    var zips: Set<ModuleKey> = []

    /// The modules that have a tree, in any order.
    var trees: Set<ModuleKey> = []

    /// The modules that were being extracted.
    var partial: Set<ModuleKey> = []

    /// The modules' paths, escaped, that have a list of versions.
    var versionLists: Set<String> = []

    /// The files of the checksum database, ordered by path.
    var checksumFiles: [ChecksumFile] = []

    /// The entries that do not become members, in any order.
    var leftOut: [LeftOut] = []

    /// The hashes that Go has recorded, by module.
    var hashes: [ModuleKey: ObjectID] = [:]

    /// The modules that have a `.mod`, sound or not.
    private var modFiles: Set<ModuleKey> = []

    /// The largest size of a file that is read whole, other than a `.mod`, in bytes.
    ///
    /// A `.info` has a few hundred bytes.
    private static let maximumInfoSize = 1 << 20

    /// GOCACHE, whose place in the directory is not reported.
    private let other: OtherCache?

    /// Scans a GOMODCACHE.
    ///
    /// - Parameters:
    ///   - tree: The directory.
    ///   - other: GOCACHE, whose place in the directory is not reported; `nil` if it does not matter.
    /// - Throws: ``CacheStoreError`` if `tree` itself can't be read, or if the machine is
    ///   at fault.
    init(_ tree: FileTree, apartFrom other: FileTree? = nil) throws(CacheStoreError) {
        self.other = try OtherCache(other)
        let root = try tree.open()
        try forEachEntry(of: root) { (scan, name, status) throws(CacheStoreError) in
            if name == "cache" {
                if let cache = try root.directory(name) { try scan.scanCache(cache) }
            } else {
                try scan.scanTrees(root, name, status, prefix: "")
            }
        }
        downloads.sort { $0.key < $1.key }
        checksumFiles.sort { $0.path.precedes($1.path) }
    }

    // MARK: - Trees

    private mutating func scanTrees(
        _ parent: borrowing Directory,
        _ name: String,
        _ status: FileStatus,
        prefix: String
    ) throws(CacheStoreError) {
        guard status.kind == .directory, let directory = try parent.directory(name) else {
            return leaveOut(.foreign, parent.path(of: name), "a \(status.noun) outside of all modules")
        }
        let text = prefix + name
        guard !isTooLong(text, parent.path(of: name)) else { return }
        if name.contains("@") {
            if let module = ModuleKey(text) {
                trees.insert(module)
            } else {
                leaveOut(.badName, parent.path(of: name), ModuleKey.fault(in: text) ?? "it is not a module")
            }
            return
        }
        try forEachEntry(of: directory) { (scan, name, status) throws(CacheStoreError) in
            try scan.scanTrees(directory, name, status, prefix: text + "/")
        }
    }

    // MARK: - Downloads

    private mutating func scanCache(_ cache: borrowing Directory) throws(CacheStoreError) {
        try forEachEntry(of: cache) { (scan, name, _) throws(CacheStoreError) in
            guard name == "download", let downloads = try cache.directory(name) else {
                let isKnown = ["lock", "vcs"].contains(name)
                let reason: LeftOut.Reason = isKnown ? .bookkeeping : .foreign
                return scan.leaveOut(reason, cache.path(of: name), isKnown ? "Go makes it again" : "not Go's")
            }
            try scan.forEachEntry(of: downloads) { (scan, name, status) throws(CacheStoreError) in
                if name == "sumdb", let database = try downloads.directory(name) {
                    try scan.scanChecksums(database, prefix: "")
                } else {
                    try scan.scanDownloads(downloads, name, status, prefix: "")
                }
            }
        }
    }

    private mutating func scanDownloads(
        _ parent: borrowing Directory,
        _ name: String,
        _ status: FileStatus,
        prefix: String
    ) throws(CacheStoreError) {
        guard status.kind == .directory, let directory = try parent.directory(name) else {
            return leaveOut(.foreign, parent.path(of: name), "a \(status.noun) outside of all modules")
        }
        guard !isTooLong(prefix + name, parent.path(of: name)) else { return }
        try forEachEntry(of: directory) { (scan, entry, status) throws(CacheStoreError) in
            if name == "@v" {
                try scan.scanDownload(directory, entry, status, module: String(prefix.dropLast()))
            } else {
                try scan.scanDownloads(directory, entry, status, prefix: prefix + name + "/")
            }
        }
    }

    private mutating func scanDownload(
        _ directory: borrowing Directory,
        _ name: String,
        _ status: FileStatus,
        module: String
    ) throws(CacheStoreError) {
        let path = directory.path(of: name)
        if name == "list" {
            versionLists.insert(module)
            return leaveOut(.bookkeeping, path, "made again from the names of the .mod files")
        }
        guard status.kind == .regular else {
            return leaveOut(
                status.kind == .symbolicLink ? .symbolicLink : .specialFile,
                path,
                "a \(status.noun)"
            )
        }
        if name.hasPrefix(FilePlacement.temporaryPrefix) { return leaveOutTemporary(path) }
        guard let dot = name.lastIndex(of: ".") else {
            return leaveOut(.foreign, path, "no name that Go gives")
        }
        let suffix = String(name[name.index(after: dot)...])
        let text = "\(module)@\(name[..<dot])"
        guard let key = ModuleKey(text) else {
            if suffix == "tmp" { return leaveOut(.temporary, path, "Go was writing it, or was stopped") }
            return leaveOut(.badName, path, ModuleKey.fault(in: text) ?? "it is not a module")
        }
        switch suffix {
        case "info", "mod", "ziphash": try readDownload(directory, name, key, kind: suffix)
        case "zip": zips.insert(key)
        case "lock": leaveOut(.bookkeeping, path, "a lock")
        case "partial":
            partial.insert(key)
            leaveOut(.partialModule, path, "the module was being extracted: its tree is left out")
        case "tmp": leaveOut(.temporary, path, "Go was writing it, or was stopped")
        default: leaveOut(.foreign, path, "no name that Go gives")
        }
    }

    private mutating func readDownload(
        _ directory: borrowing Directory,
        _ name: String,
        _ module: ModuleKey,
        kind suffix: String
    ) throws(CacheStoreError) {
        guard let kind = MemberSet.DownloadKind(rawValue: suffix), let file = try directory.file(name) else {
            return
        }
        if kind == .mod { modFiles.insert(module) }
        let limit = kind == .mod ? FormatLimits.valueSize : Self.maximumInfoSize
        let bytes = try file.bytes(count: limit + 1)
        let fault: String?
        switch kind {
        case .info: fault = ModuleInfo.fault(in: bytes, of: module)
        case .ziphash:
            hashes[module] = ModuleHash.id(ofZiphash: bytes)
            fault = hashes[module] == nil ? "not `h1:` and a hash" : nil
        default: fault = bytes.isEmpty || bytes.contains(0) ? "no go.mod" : nil
        }
        if bytes.count > limit {
            leaveOut(.badDownload, directory.path(of: name), "longer than \(limit) bytes")
        } else if let fault {
            leaveOut(.badDownload, directory.path(of: name), fault)
        } else {
            downloads.append(Download(module: module, kind: kind, bytes: bytes))
        }
    }

    /// Returns the scan with the `.ziphash` of modules for which Go records none.
    func addingHashes(of modules: [ModuleKey: ObjectID]) -> ModuleCacheScan {
        var result = self
        for (module, h1) in modules {
            let bytes = Array(ModuleHash.text(of: h1).utf8)
            result.downloads.append(Download(module: module, kind: .ziphash, bytes: bytes))
        }
        result.downloads.sort { $0.key < $1.key }
        return result
    }

    /// Looks again for the `.mod` of modules that had none, and leaves out the modules that were removed.
    ///
    /// Trees are read after the downloads. In between, a tree may have been removed and made again; it would
    /// then be packed without its `.mod`.
    ///
    /// Go makes the `.mod` before the tree. A tree that permanently lacks a `.mod` belongs to a toolchain, or
    /// somebody removed the `.mod`; such a tree is kept.
    ///
    /// - Parameters:
    ///   - modules: The modules.
    ///   - tree: GOMODCACHE.
    /// - Returns: The modules that are no longer there, which are left out.
    /// - Throws: ``CacheStoreError`` if GOMODCACHE itself can't be opened.
    mutating func removed(
        of modules: some Sequence<ModuleKey>,
        in tree: FileTree
    ) throws(CacheStoreError) -> Set<ModuleKey> {
        let root = try tree.open()
        var removed: Set<ModuleKey> = []
        for module in modules where !modFiles.contains(module) {
            try readModFile(of: module, in: root)
            if modFiles.contains(module) { continue }
            if try isRemoved(module.text, from: root) {
                removed.insert(module)
                leaveOut(.changed, tree.path(below: module.text), "it was removed while it was packed")
            } else {
                try readModFile(of: module, in: root)
            }
        }
        return removed
    }

    /// Returns whether there is no directory at a path below the root.
    private func isRemoved(_ path: String, from root: borrowing Directory) throws(CacheStoreError) -> Bool {
        do throws(CacheStoreError) {
            return try root.directory(at: path.pathElements) == nil
        } catch {
            if error.isOfMachine { throw error }
            return true
        }
    }

    /// Reads the `.mod` of a module, if there is one.
    private mutating func readModFile(
        of module: ModuleKey,
        in root: borrowing Directory
    ) throws(CacheStoreError) {
        do throws(CacheStoreError) {
            guard let directory = try root.directory(at: module.downloadDirectory.pathElements) else {
                return
            }
            try readDownload(directory, "\(module.version).mod", module, kind: "mod")
        } catch {
            if error.isOfMachine { throw error }
        }
    }

    // MARK: - Checksum database

    private mutating func scanChecksums(_ directory: borrowing Directory, prefix: String)
        throws(CacheStoreError)
    {
        try forEachEntry(of: directory) { (scan, name, status) throws(CacheStoreError) in
            let path = directory.path(of: name)
            switch status.kind {
            case .directory:
                if !scan.isTooLong(prefix + name, path), let inner = try directory.directory(name) {
                    try scan.scanChecksums(inner, prefix: prefix + name + "/")
                }
            case .regular:
                // `latest` holds the head of the tree that was seen last. With an old head, lookups of newer
                // heads fail.
                if name == "latest" { return scan.leaveOut(.bookkeeping, path, "Go fetches it again") }
                if name.hasPrefix(FilePlacement.temporaryPrefix) { return scan.leaveOutTemporary(path) }
                if let fault = PathRules.fault(inChecksumPath: prefix + name) {
                    return scan.leaveOut(.badName, path, fault)
                }
                guard let file = try directory.file(name) else { return }
                let bytes = try file.bytes(count: Self.maximumInfoSize + 1)
                guard (1...Self.maximumInfoSize).contains(bytes.count) else {
                    return scan.leaveOut(
                        .badDownload,
                        path,
                        "\(bytes.count) bytes can't be of a checksum database"
                    )
                }
                if let fault = ChecksumFileContent.fault(in: bytes, at: prefix + name) {
                    return scan.leaveOut(.badDownload, path, fault)
                }
                scan.checksumFiles.append(ChecksumFile(path: prefix + name, bytes: bytes))
            case .symbolicLink: scan.leaveOut(.symbolicLink, path, "a symbolic link")
            case .other: scan.leaveOut(.specialFile, path, "a special file")
            }
        }
    }

    // MARK: - Entries

    /// Calls `body` with each entry of a directory.
    ///
    /// An entry that vanished or is of another kind is left out, and the iteration continues with the next
    /// one. An error of the machine ends the scan.
    private mutating func forEachEntry(
        of directory: borrowing Directory,
        _ body: (inout ModuleCacheScan, String, FileStatus) throws(CacheStoreError) -> Void
    ) throws(CacheStoreError) {
        let names = try directory.names()
        for path in names.invalid { leaveOut(.badName, path, "its name is not UTF-8") }
        let isShared = try other?.isSame(as: directory) ?? false
        for name in names.valid {
            // The scan of GOCACHE reports its own files.
            let isKnown = BuildCacheLayout.bookkeeping.contains(name)
            if isShared, isKnown || BuildCacheLayout.isSubdirectory(name) { continue }
            do throws(CacheStoreError) {
                guard let status = try directory.status(of: name) else { continue }
                // GOCACHE may also be the directory that holds the downloads.
                let isDownloads = status.kind == .directory && ["cache", "download"].contains(name)
                if status.kind != .regular, !isDownloads, let other, try other.isEntry(name, of: directory) {
                    continue
                }
                try body(&self, name, status)
            } catch {
                leftOut.append(try LeftOut(error, error.path ?? directory.path(of: name)))
            }
        }
    }

    private mutating func leaveOutTemporary(_ path: FilePath) {
        leaveOut(.temporary, path, "a restore was writing it, or was stopped")
    }

    /// Returns whether a path is too long for a member; such a directory is left out and not entered.
    ///
    /// So the scan goes down no deeper than the paths of members, however deep directories are.
    private mutating func isTooLong(
        _ text: String,
        _ path: @autoclosure () -> FilePath
    ) -> Bool {
        let slashes = text.utf8.count { $0 == UInt8(ascii: "/") }
        guard text.utf8.count > PathRules.longestPath || slashes >= Descent.outerLimit else { return false }
        let limits = "\(PathRules.longestPath) bytes or \(Descent.outerLimit) elements"
        leaveOut(.badName, path(), "its path is longer than \(limits)")
        return true
    }

    private mutating func leaveOut(_ reason: LeftOut.Reason, _ path: FilePath, _ explanation: String) {
        leftOut.append(LeftOut(reason, path, explanation))
    }
}
