/// What an archive holds, without its content: its index, read and checked.
public struct ArchiveContents: Sendable {
    let archive: Archive
    let members: MemberSet

    /// The digest of the archive, as its index states it.
    public let digest: ObjectID

    init(archive: Archive, set: MemberSet, digest: ObjectID) {
        self.archive = archive
        members = set
        self.digest = digest
    }

    /// The packs that went in, ordered by label.
    public var sources: [Source] { members.sources }

    /// Calls `body` with each member in canonical order.
    ///
    /// - Parameter body: Called once for each member.
    /// - Throws: What `body` throws.
    /// - Complexity: O(*n*).
    public func forEachMember(_ body: (Member) throws -> Void) throws {
        try members.forEachMember { member, _, _ in try body(member) }
    }

    /// Reads the list of a module tree's files.
    ///
    /// - Parameter name: The module, `path@version`, escaped as in GOMODCACHE.
    /// - Returns: The files, ordered by path.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/notFound`` if there is no such tree, or
    ///   ``CacheStoreError/Code/corruptArchive``.
    public func files(ofTree name: String) throws(CacheStoreError) -> [TreeFile] {
        guard let module = ModuleKey(name), let index = members.treeIndex(of: module) else {
            throw CacheStoreError(
                .notFound,
                "no such module tree",
                path: archive.path,
                member: "tree \(name)"
            )
        }
        var reader = try ChunkReader(archive)
        let manifest = try reader.manifest(of: members.trees[index], chunks: members.chunks)
        return manifest.entries.map { TreeFile(path: $0.path, size: $0.size, isExecutable: $0.isExecutable) }
    }
}

extension ChunkReader {
    /// Reads the manifest of a tree, and checks that it is as the index says.
    ///
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``.
    mutating func manifest(of tree: MemberSet.Tree, chunks: [ChunkRecord]) throws(CacheStoreError)
        -> TreeManifest
    {
        let chunk = chunks[Int(tree.manifest)]
        try read(chunk)
        let manifest: TreeManifest
        do {
            manifest = try TreeManifest(text: content.span)
        } catch {
            throw damaged(chunk, error.message).naming(member: "tree \(tree.module.text)")
        }
        guard manifest.entries.count == tree.files, manifest.executables == tree.executables,
            manifest.size == tree.size
        else {
            throw damaged(chunk, "the manifest does not agree with the index")
                .naming(member: "tree \(tree.module.text)")
        }
        return manifest
    }
}
