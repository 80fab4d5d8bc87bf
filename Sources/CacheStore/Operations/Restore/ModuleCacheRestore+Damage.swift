/// Modules whose trees or zips are damaged in the archive, where damaged members are left out.
///
/// A wrong tree that is there, and that the archive can't replace, gets Go's marker `.partial`. A wrong zip
/// is removed, even if Go trusted it before.
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
        if try root.directory.hasModule(tree.module), try treeHash(of: tree.module, cancellation) != tree.h1 {
            _ = try downloads.creatingFile(
                "\(tree.module.version).partial",
                mode: profile.moduleFileMode,
                replacing: true
            )
        }
        try removeWrongZip(of: item, in: downloads)
        try restoreDownloads(item, in: downloads, with: &reader, cancellation)
        counters.add(bytes: tree.size, items: 0)
    }
}
