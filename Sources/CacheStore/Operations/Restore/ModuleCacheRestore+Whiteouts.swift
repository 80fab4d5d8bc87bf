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
        let isThere = try root.directory.hasModule(tree.module)
        // A tree that is there and right was unpacked by Go, and may be in use.
        let isRight =
            try isThere && downloads.status(of: marker) == nil && isRight(tree, manifest, cancellation)
        if isThere, !isRight {
            _ = try downloads.creatingFile(marker, mode: profile.moduleFileMode, replacing: true)
        }
        try restoreDownloads(item, in: downloads, with: &reader, cancellation)
        if !item.storesZip,
            let fault = try makeZip(item, tree, manifest, in: downloads, with: &reader, cancellation)
        {
            let loss =
                "no zip can be made of it (\(fault)), so the layer of an image will lose some of its files"
            warn(.whiteoutName, "\(cause): \(loss); remove its tree there, and builds download it again")
            return false
        }
        if try !isThere || isRight || removeTree(of: tree.module) { try downloads.remove(marker) }
        if isRight {
            try openTree(of: tree.module, cancellation)
            report.update { $0.treeFiles.untouched += tree.files }
        }
        let way = "which the layer of an image would lose, so it is restored as its zip, which Go unpacks"
        let limit = "do not build with it in a step that makes a layer"
        warn(.whiteoutName, "\(cause), \(way) in the first build that needs it; \(limit)")
        return true
    }

    /// Warns of a module that the archive holds as its zip, where Go can't unpack the zip.
    ///
    /// - Parameters:
    ///   - item: The module, whose zip is restored unless it is damaged.
    ///   - isRemoved: Whether the module's tree was wrong, and was removed.
    ///   - downloads: The directory of the module's downloads.
    /// - Throws: ``CacheStoreError`` as the system says.
    func warnOfZip(of item: Item, isRemoved: Bool, in downloads: borrowing Directory) throws {
        guard profile == .readonly, try downloads.status(of: "\(item.module.version).zip") != nil,
            try !root.directory.hasModule(item.module)
        else { return }
        let loss = "Go can't unpack it where nobody can write, so builds that need it fail there"
        if try hasWhiteout(item.module, in: downloads) {
            let cause = "has a file whose name begins with `.wh.` and is restored as its zip"
            warn(.whiteoutName, "\(item.module.text) \(cause): \(loss)")
        } else if isRemoved {
            let cause = "had a tree that was wrong and is removed, and is restored as its zip"
            warn(.moduleZip, "\(item.module.text) \(cause): \(loss)")
        }
    }

    /// Returns whether the zip that is there has a name that image layers take for a removal.
    private func hasWhiteout(_ module: ModuleKey, in downloads: borrowing Directory) throws -> Bool {
        guard let zip = try downloads.file("\(module.version).zip"),
            let directory = try? ZipDirectory(of: zip, prefix: module.unescaped + "/")
        else { return false }
        return directory.entries.contains { PathRules.isWhiteout($0.path) }
    }
}
