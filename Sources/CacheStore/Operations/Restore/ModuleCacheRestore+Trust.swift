import SystemPackage

/// The `.ziphash` of a module, by which Go trusts what stands beside it.
///
/// Go builds with a tree and unpacks a zip that stand beside a `.ziphash`, and compares only the `.ziphash`
/// with go.sum. Without a `.ziphash`, Go hashes the zip, adds the `.ziphash`, and takes the tree that is
/// there (cmd/go/internal/modfetch, `DownloadDir` in cache.go, `unzip`, `downloadZip` and `checkMod` in
/// fetch.go). So a restore adds a zip only where no wrong tree is, and a `.ziphash` only where the tree and
/// the zip that are there have its hash: others are removed first. They are not read again where the same
/// `.ziphash` is there already, because Go trusts them anyway. Nothing is removed without the module's
/// lock.
extension ModuleCacheRestore {
    /// Restores the `.ziphash` of a module, the last of its downloads.
    ///
    /// - Parameters:
    ///   - item: The module.
    ///   - isTreeRemoved: What ``removeDistrustedTree(of:in:_:)`` has returned.
    ///   - isZipRight: Whether the archive stores the module's zip, and it is there and right.
    ///   - downloads: The directory of the module's downloads.
    /// - Throws: ``CacheStoreError`` as the system says.
    func restoreHash(
        of item: Item,
        isTreeRemoved: Bool,
        isZipRight: Bool,
        in downloads: borrowing Directory
    ) throws {
        guard item.zipHash != nil else { return }
        if !isZipRight, try item.storesZip || !isTrusted(item, in: downloads) {
            try removeWrongZip(of: item, in: downloads)
        }
        try putHash(of: item, in: downloads)
        if item.storesZip { try warnOfZip(of: item, isRemoved: isTreeRemoved, in: downloads) }
    }

    /// Removes a tree that is there and wrong before a zip or a `.ziphash` comes beside it.
    ///
    /// A tree that the archive holds is the business of the restore of that tree: it is right, or has Go's
    /// marker, when the downloads are restored.
    ///
    /// - Returns: Whether there was such a tree.
    func removeDistrustedTree(
        of item: Item,
        in downloads: borrowing Directory,
        _ cancellation: WorkerThreads.Cancellation
    ) throws -> Bool {
        // A layer may have lost files of a tree, which the zip gives back. So a tree beside a stored zip is
        // read each time, as a stored tree is.
        guard item.tree == nil, try item.storesZip || !isTrusted(item, in: downloads) else { return false }
        return try removeWrongTree(of: item, in: downloads, cancellation)
    }

    /// Restores the downloads of a module of which nothing is there, and leaves no lock behind.
    ///
    /// Whoever begins to work with the module meanwhile makes a lock first. What they have put there is then
    /// looked at under the lock, when they have ended.
    func restoreNewDownloads(
        _ item: Item,
        in downloads: borrowing Directory,
        with reader: inout ChunkReader,
        _ cancellation: WorkerThreads.Cancellation
    ) throws {
        let isZipRight = try restoreFiles(item, in: downloads, with: &reader, cancellation)
        guard item.zipHash != nil else { return }
        let isNew = try !isLocked(item, in: downloads) && !root.directory.hasModule(item.module)
        if isNew {
            try putHash(of: item, in: downloads)
            guard try isLocked(item, in: downloads) else {
                if item.storesZip { try warnOfZip(of: item, isRemoved: false, in: downloads) }
                return
            }
        }
        try withLock(of: item.module, in: downloads, cancellation) {
            if isNew { return try removeWrong(item, in: downloads, cancellation) }
            let isRemoved = try removeDistrustedTree(of: item, in: downloads, cancellation)
            try restoreHash(of: item, isTreeRemoved: isRemoved, isZipRight: isZipRight, in: downloads)
        }
    }

    private func putHash(of item: Item, in downloads: borrowing Directory) throws {
        guard let hash = item.zipHash else { return }
        try put(Array(ModuleHash.text(of: hash).utf8), as: "\(item.module.version).ziphash", in: downloads)
    }

    /// Removes the wrong tree and the wrong zip that another process has put beside the new `.ziphash` of a
    /// module.
    private func removeWrong(
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
        guard let right = item.zipHash, try root.directory.hasModule(item.module) else { return false }
        let found = try treeHash(of: item.module, cancellation)
        guard found != right, try found == nil || found != unpackedHash(of: item, in: downloads) else {
            return false
        }
        let marker = "\(item.module.version).partial"
        _ = try downloads.creatingFile(marker, mode: profile.moduleFileMode, replacing: true)
        if try removeTree(of: item.module) { try downloads.remove(marker) }
        return true
    }

    /// Returns the hash of the tree that Go extracts from the zip that is there, or `nil` if there is no
    /// right zip.
    ///
    /// It is another hash than the zip's if the zip lists directories.
    private func unpackedHash(of item: Item, in downloads: borrowing Directory) throws -> ObjectID? {
        guard let file = try Unusable.passedOver(try downloads.file("\(item.module.version).zip")) else {
            return nil
        }
        do {
            let hashes = try ModuleZip.hashes(of: file, module: item.module)
            return hashes.zip == item.zipHash ? hashes.tree : nil
        } catch is ZipError {
            return nil
        }
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
        return try hash(of: listing, in: directory, module) { try cancellation.check() }
    }

    // MARK: - What is there

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
        return try isLocked(item, in: downloads) || root.directory.hasModule(item.module)
            || downloads.status(of: "\(item.module.version).zip") != nil && !isTrusted(item, in: downloads)
    }

    private func isLocked(_ item: Item, in downloads: borrowing Directory) throws -> Bool {
        try downloads.status(of: "\(item.module.version).lock") != nil
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
    /// Whether the archive stores the module's zip itself.
    var storesZip: Bool { downloads.contains { $0.kind == .zip && $0.content != .derived } }

    /// The `h1:` hash in the module's `.ziphash`, if the archive has one.
    var zipHash: ObjectID? {
        for download in downloads where download.kind == .ziphash {
            if case .bytes(let bytes) = download.content { return ModuleHash.id(ofZiphash: bytes) }
        }
        return nil
    }
}
