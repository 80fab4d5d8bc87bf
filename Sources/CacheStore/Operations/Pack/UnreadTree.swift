import SystemPackage

/// A module tree that is not read: a base has it, or patterns exclude it.
struct UnreadTree: Sendable {
    /// The tree, without its chunks.
    var tree: MemberSet.Tree

    /// The chunks of the tree's manifest.
    var manifest: [ChunkRecord]

    /// Creates a tree from the facts that an archive states.
    init(tree: MemberSet.Tree, manifest: [ChunkRecord]) { (self.tree, self.manifest) = (tree, manifest) }

    /// Lists the tree of a module, which counts as what its `.ziphash` says.
    ///
    /// The result is `nil` if the tree has to be read: to find its fault, or because it travels as a zip.
    ///
    /// The manifest holds the names, lengths and executable bits of the files, so it is known without their
    /// content.
    ///
    /// - Parameters:
    ///   - module: The module.
    ///   - h1: The hash in its `.ziphash`.
    ///   - root: GOMODCACHE.
    /// - Throws: ``CacheStoreError`` if the machine is at fault.
    init?(listing module: ModuleKey, h1: ObjectID, in root: FileTree) throws {
        do {
            let directory = try root.open().existingDirectory(at: module.text)
            let entries = try TreeListing(directory).files
            try TreeSurvey.checkSize(of: entries)
            let (manifest, text) = try TreeSurvey.manifest(of: entries)
            guard !TreeSurvey.travelsAsZip(manifest) else { return nil }
            tree = MemberSet.Tree(
                module: module,
                h1: h1,
                files: entries.count,
                executables: manifest.executables,
                size: entries.reduce(0) { $0 + $1.size },
                manifest: .none,
                chunks: .none,
                sources: SourceSetNumber(0)
            )
            self.manifest = StreamCutter.manifestChunks(of: text).map {
                ChunkRecord(id: $0.id, offset: 0, storedBytes: 0, contentBytes: $0.size, checksum: 0)
            }
        } catch is TreeListing.Fault {
            return nil
        } catch is TreeManifest.Fault {
            return nil
        } catch let error as CacheStoreError where !error.isOfMachine {
            return nil
        }
    }
}
