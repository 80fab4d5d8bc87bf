/// Modules whose trees or zips are damaged in the archive, where damaged members are left out.
///
/// Go trusts a tree or a zip that stands beside a `.ziphash`. So a wrong one that is there, and that the
/// archive can't replace, must not get a `.ziphash` to stand beside.
extension ModuleCacheRestore {
    /// Reads the manifest of a tree.
    ///
    /// - Returns: `nil` if the manifest is damaged, and the tree is left out.
    func manifest(of tree: MemberSet.Tree, with reader: inout ChunkReader) throws -> TreeManifest? {
        var manifest: TreeManifest?
        _ = try damage.containing(note: { $0.trees[tree.module] = $1 }) {
            manifest = try reader.manifest(of: tree, chunks: chunks)
        }
        return manifest
    }

    /// Restores the downloads of a module whose tree is left out, under the module's lock.
    ///
    /// A wrong tree that is there gets Go's marker, so that Go makes it again.
    func restoreWithoutTree(
        _ item: Item,
        _ tree: MemberSet.Tree,
        in downloads: borrowing Directory,
        with reader: inout ChunkReader,
        _ cancellation: WorkerThreads.Cancellation
    ) throws {
        if try root.directory.status(of: tree.module.text) != nil,
            try treeHash(of: tree.module, cancellation) != tree.h1
        {
            _ = try downloads.creatingFile(
                "\(tree.module.version).partial",
                mode: profile.moduleFileMode,
                replacing: true
            )
        }
        try restoreDownloads(item, in: downloads, with: &reader, cancellation)
        counters.add(bytes: tree.size, items: 0)
    }

    /// Removes a wrong zip that is there and that the archive can't replace, so that Go downloads the zip.
    func removeWrongZip(
        of item: Item,
        in downloads: borrowing Directory,
        _ cancellation: WorkerThreads.Cancellation
    ) throws {
        let name = "\(item.module.version).zip"
        guard try downloads.status(of: name) != nil else { return }
        let lock = try downloads.creatingFile(
            "\(item.module.version).lock",
            mode: profile.moduleFileMode,
            replacing: true
        )
        try counters.lock(lock, at: lock.path, cancellation)
        if let file = try downloads.file(name) {
            do {
                if let right = item.zipHash, try ModuleZip.h1(of: file, module: item.module) == right {
                    return
                }
            } catch is ZipError {
                // A file that is no zip of the module is removed.
            }
        }
        try downloads.removeAll(name)
        report.update { $0.removed += 1 }
    }
}
