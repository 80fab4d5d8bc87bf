import SystemPackage

/// The `.ziphash` of a module, by which Go trusts what stands beside it.
///
/// Go builds with a tree and unpacks a zip that stand beside a `.ziphash`, and compares only the `.ziphash`
/// with go.sum. Without a `.ziphash`, Go removes the tree and hashes the zip (cmd/go/internal/modfetch,
/// `DownloadDir` in cache.go, `unzip`, `downloadZip` and `checkMod` in fetch.go). So a restore adds a
/// `.ziphash` only where the tree and the zip that are there have its hash: others are removed first. They
/// are not read again where the same `.ziphash` is there already, because Go trusts them anyway.
extension ModuleCacheRestore {
    /// Restores the `.ziphash` of a module, the last of its downloads.
    ///
    /// A tree that the archive holds is the business of the restore of that tree: here it is right, or has
    /// Go's marker.
    ///
    /// - Parameters:
    ///   - item: The module.
    ///   - hasZip: Whether the archive stores the module's zip, which is then right here, or removed.
    ///   - downloads: The directory of the module's downloads.
    ///   - cancellation: The cancellation.
    /// - Throws: ``CacheStoreError`` as the system says, or `CancellationError`.
    func restoreHash(
        of item: Item,
        hasZip: Bool,
        in downloads: borrowing Directory,
        _ cancellation: WorkerThreads.Cancellation
    ) throws {
        guard let right = item.zipHash else { return }
        let isTrusted = try isTrusted(item, in: downloads)
        // A layer may have lost files of a tree, which the zip gives back. So a tree beside a stored zip is
        // read each time, as a stored tree is.
        let isRemoved =
            try item.tree == nil && (hasZip || !isTrusted)
            && removeWrongTree(of: item, in: downloads, cancellation)
        if !hasZip, !isTrusted { try removeWrongZip(of: item, in: downloads) }
        let bytes = Array(ModuleHash.text(of: right).utf8)
        try put(bytes, as: "\(item.module.version).ziphash", in: downloads)
        if hasZip { try warnOfZip(of: item, isRemoved: isRemoved, in: downloads) }
    }

    /// Removes the wrong tree and the wrong zip that another process has put beside the new `.ziphash` of a
    /// module.
    func removeWrong(
        _ item: Item,
        in downloads: borrowing Directory,
        _ cancellation: WorkerThreads.Cancellation
    ) throws {
        // A `.ziphash` of the other process is its own business.
        guard try isTrusted(item, in: downloads) else { return }
        _ = try removeWrongTree(of: item, in: downloads, cancellation)
        try removeWrongZip(of: item, in: downloads)
    }

    /// Removes a zip that is there and does not have the hash of the module, so that Go downloads the zip.
    ///
    /// - Complexity: O(*n*) in the content of the zip; a look where there is none.
    func removeWrongZip(of item: Item, in downloads: borrowing Directory) throws {
        let name = "\(item.module.version).zip"
        guard let right = item.zipHash, let status = try downloads.status(of: name) else { return }
        if status.kind == .regular, let file = try Unusable.passedOver(try downloads.file(name)) {
            do {
                if try ModuleZip.h1(of: file, module: item.module) == right { return }
            } catch is ZipError {
                // A file that is no zip of the module is removed.
            }
        }
        try downloads.removeAll(name)
        report.update { $0.removed += 1 }
    }

    /// Removes a tree that is there and does not have the hash of the module, so that Go makes it again.
    ///
    /// Where Go can't do that, because nobody may write, builds fail, which is better than a wrong program.
    ///
    /// - Returns: Whether there was such a tree. One that lies behind a symbolic link stays, with Go's
    ///   marker.
    private func removeWrongTree(
        of item: Item,
        in downloads: borrowing Directory,
        _ cancellation: WorkerThreads.Cancellation
    ) throws -> Bool {
        guard let right = item.zipHash, try isThere(item.module),
            try treeHash(of: item.module, cancellation) != right
        else { return false }
        let marker = "\(item.module.version).partial"
        _ = try downloads.creatingFile(marker, mode: profile.moduleFileMode, replacing: true)
        if try removeTree(of: item.module) { try downloads.remove(marker) }
        return true
    }

    /// Removes a tree, unless a directory above it is a symbolic link.
    ///
    /// - Returns: Whether nothing is left of the tree.
    func removeTree(of module: ModuleKey) throws -> Bool {
        let elements = module.text.pathElements
        do throws(CacheStoreError) {
            guard let parent = try root.directory.directory(at: Array(elements.dropLast())) else {
                return true
            }
            try parent.removeAll(elements[elements.count - 1])
        } catch {
            guard error.code == .symbolicLink else { throw error }
            return false
        }
        report.update { $0.removed += 1 }
        return true
    }

    /// Returns the `h1:` hash of the tree that is there, or `nil` if it is not a tree that can be read.
    func treeHash(
        of module: ModuleKey,
        _ cancellation: WorkerThreads.Cancellation
    ) throws -> ObjectID? {
        guard let directory = try directory(of: module), let listing = try listing(of: directory) else {
            return nil
        }
        return try hash(of: listing, in: directory, module, cancellation)
    }

    // MARK: - What is there

    /// Returns whether anything is in the place of a module's tree; Go takes no tree below a file.
    func isThere(_ module: ModuleKey) throws -> Bool {
        do throws(CacheStoreError) {
            return try status(of: module) != nil
        } catch {
            guard !error.isOfMachine else { throw error }
            return false
        }
    }

    /// Returns whether the `.ziphash` of a module is there, so that Go trusts what stands beside it.
    private func isTrusted(_ item: Item, in directory: borrowing Directory) throws -> Bool {
        guard let right = item.zipHash else { return false }
        let bytes = Array(ModuleHash.text(of: right).utf8)
        let name = "\(item.module.version).ziphash"
        guard let status = try directory.status(of: name), status.kind == .regular,
            status.size == bytes.count, let file = try Unusable.passedOver(try directory.file(name))
        else { return false }
        return try file.bytes(count: bytes.count) == bytes
    }

    // MARK: - The lock

    /// Returns whether a tree, a lock, or a zip to which a `.ziphash` comes tells of others who work with a
    /// module.
    func isKnown(_ item: Item, in downloads: borrowing Directory) throws -> Bool {
        guard item.zipHash != nil else { return false }
        let version = item.module.version
        return try downloads.status(of: "\(version).lock") != nil || isThere(item.module)
            || downloads.status(of: "\(version).zip") != nil && !isTrusted(item, in: downloads)
    }

    /// Calls `body` under the lock of a module, which is Go's own (`lockVersion` in cache.go).
    func withLock(
        of module: ModuleKey,
        in downloads: borrowing Directory,
        _ cancellation: WorkerThreads.Cancellation,
        _ body: () throws -> Void
    ) throws {
        let name = "\(module.version).lock"
        let lock = try downloads.creatingFile(name, mode: profile.moduleFileMode, replacing: true)
        try counters.lock(lock, at: lock.path, cancellation)
        try body()
    }
}

extension ModuleCacheRestore.Item {
    /// The `h1:` hash in the module's `.ziphash`, if the archive has one.
    var zipHash: ObjectID? {
        for download in downloads where download.kind == .ziphash {
            if case .bytes(let bytes) = download.content { return ModuleHash.id(ofZiphash: bytes) }
        }
        return nil
    }
}
