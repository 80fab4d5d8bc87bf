import SystemPackage

/// Modules with names that an image's layers take for removals.
///
/// Where a restore is a step of an image's build, the engine makes a layer of the files. It reads a name that
/// begins with `.wh.` as the removal of another file (OCI image specification, layer.md, "Whiteouts"), so the
/// layer would lose both files. A zip holds such names unharmed, and Go unpacks a zip that it finds in the
/// cache.
extension ModuleCacheRestore {
    /// Restores a module with such names as its zip, if that serves the profile.
    ///
    /// - Returns: Whether the module is restored; `false` if its tree must be written.
    func restoreZip(
        _ item: Item,
        _ tree: MemberSet.Tree,
        _ manifest: TreeManifest,
        in downloads: borrowing Directory,
        with reader: inout ChunkReader,
        _ cancellation: WorkerThreads.Cancellation
    ) throws -> Bool {
        let cause = "\(tree.module.text) has a file whose name begins with `.wh.`"
        switch profile {
        case .ci:
            // The cache stays on a disk, where all names are alike.
            return false
        case .readonly:
            // Go can't unpack a zip there.
            let loss = "its files are complete here, but the layer of an image would lose some of them"
            warn(.whiteoutName, "\(cause): \(loss), so keep this cache on a volume")
            return false
        case .image:
            break
        }
        let marker = "\(tree.module.version).partial"
        let isThere = try root.directory.status(of: tree.module.text) != nil
        // A tree that is there and right was unpacked by Go, and may be in use.
        let isRight =
            try isThere && downloads.status(of: marker) == nil && isRight(tree, manifest, cancellation)
        if isThere, !isRight {
            _ = try downloads.creatingFile(marker, mode: profile.moduleFileMode, replacing: true)
        }
        try restoreDownloads(item, in: downloads, with: &reader, cancellation)
        let hasZip = item.downloads.contains { $0.kind == .zip && $0.content != .derived }
        if !hasZip, let fault = try makeZip(tree, manifest, in: downloads, with: &reader, cancellation) {
            let loss =
                "no zip can be made of it (\(fault)), so the layer of an image will lose some of its files"
            warn(.whiteoutName, "\(cause): \(loss); remove its tree there, and builds download it again")
            return false
        }
        if isThere, !isRight { try removeTree(of: tree.module) }
        try downloads.remove(marker)
        if isRight {
            try openTree(of: tree.module, cancellation)
            report.update { $0.treeFiles.untouched += tree.files }
        }
        let way = "which the layer of an image would lose, so it is restored as its zip, which Go unpacks"
        let limit = "do not build with it in a step that makes a layer"
        warn(.whiteoutName, "\(cause), \(way) in the first build that needs it; \(limit)")
        return true
    }

    /// Looks after the tree of a module that the archive holds as its zip.
    ///
    /// Go trusts a tree that is there. A tree that a layer has damaged is therefore removed, so that Go
    /// unpacks the zip. Where Go can't do that, the tree stays.
    func settleTree(
        of item: Item,
        in downloads: borrowing Directory,
        _ cancellation: WorkerThreads.Cancellation
    ) throws {
        let (module, version) = (item.module, item.module.version)
        guard item.downloads.contains(where: { $0.kind == .zip }), let right = item.zipHash else { return }
        let isThere = try root.directory.status(of: module.text) != nil
        if profile == .readonly {
            if !isThere, try hasWhiteout(module, in: downloads) {
                let loss = "Go can't unpack it where nobody can write, so builds that need it fail there"
                let cause =
                    "\(module.text) has a file whose name begins with `.wh.` and is restored as its zip"
                warn(.whiteoutName, "\(cause): \(loss)")
            }
            return
        }
        guard isThere else { return }
        let lock = try downloads.creatingFile(
            "\(version).lock",
            mode: profile.moduleFileMode,
            replacing: true
        )
        try counters.lock(lock, at: lock.path, cancellation)
        guard try treeHash(of: module, cancellation) != right else { return }
        let marker = "\(version).partial"
        _ = try downloads.creatingFile(marker, mode: profile.moduleFileMode, replacing: true)
        try removeTree(of: module)
        try downloads.remove(marker)
    }

    /// Returns the `h1:` hash of the tree that is there, or `nil` if it is not a tree that can be read.
    func treeHash(
        of module: ModuleKey,
        _ cancellation: WorkerThreads.Cancellation
    ) throws -> ObjectID? {
        guard let directory = try? Directory(opening: root.directory.path(below: module.text)),
            let listing = try? TreeListing(directory)
        else { return nil }
        return try hash(of: listing, in: directory, module, cancellation)
    }

    /// Returns whether the zip that is there has a name that image layers take for a removal.
    private func hasWhiteout(_ module: ModuleKey, in downloads: borrowing Directory) throws -> Bool {
        guard let zip = try downloads.file("\(module.version).zip"),
            let directory = try? ZipDirectory(of: zip, prefix: module.unescaped + "/")
        else { return false }
        return directory.entries.contains { PathRules.isWhiteout($0.path) }
    }

    /// Removes a tree that is not right, so that Go unpacks the zip instead.
    private func removeTree(of module: ModuleKey) throws {
        let elements = module.text.pathElements
        let parent = try directory(at: elements.dropLast())
        try parent.removeAll(elements[elements.count - 1])
        report.update { $0.removed += 1 }
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
