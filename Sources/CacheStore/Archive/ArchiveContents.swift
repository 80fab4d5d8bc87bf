/// The members of an archive, without their content: the archive's index, read and checked.
public struct ArchiveContents: Sendable {
    let archive: Archive
    let set: MemberSet

    /// The digest of the archive, as its index states it.
    public let digest: ObjectID

    init(archive: Archive, set: MemberSet, digest: ObjectID) {
        self.archive = archive
        self.set = set
        self.digest = digest
    }

    /// The packs that went into the archive, ordered by label.
    public var sources: [Source] { self.set.sources }

    /// Checks that the archive has a source for each of some labels.
    ///
    /// - Parameter labels: The labels.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/badArgument`` for a label that no
    ///   source has.
    public func requireSources(_ labels: [String]) throws(CacheStoreError) { _ = try set.sets(ofAny: labels) }

    /// The members in canonical order.
    ///
    /// - Complexity: O(*n*) once, for the classes and sources of entries; then O(1) per member.
    public var members: Members { Members(MemberListing(set)) }

    /// A sequence of the members of an archive.
    public struct Members: Sequence, Sendable {
        private let listing: MemberListing

        fileprivate init(_ listing: MemberListing) { self.listing = listing }

        /// Returns an iterator that begins with the first member.
        public func makeIterator() -> Iterator { Iterator(listing.makeIterator()) }

        /// An iterator over the members.
        public struct Iterator: IteratorProtocol {
            private var elements: MemberListing.Iterator

            fileprivate init(_ elements: MemberListing.Iterator) { self.elements = elements }

            /// Returns the next member, or `nil` after the last.
            public mutating func next() -> Member? { elements.next()?.member }
        }
    }

    /// Reads the list of a module tree's files.
    ///
    /// - Parameter name: The module, `path@version`, escaped as in GOMODCACHE.
    /// - Returns: The files, ordered by path.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/notFound`` if there is no such tree, or
    ///   ``CacheStoreError/Code/corruptArchive``; or `CancellationError` if the task was cancelled.
    /// - Complexity: O(log *n*) in the number of trees, and O(*n*) in the files of this one.
    public func files(ofTree name: String) async throws -> [TreeFile] {
        guard let module = ModuleKey(name), let index = set.treeIndex(of: module) else {
            throw CacheStoreError(
                .notFound,
                "no such module tree",
                path: archive.path,
                member: "tree \(name)"
            )
        }
        return try await WorkerThreads.perform { [archive, set] in
            var reader = try ChunkReader(archive)
            let manifest = try reader.manifest(of: set.trees[index], chunks: set.chunks)
            return manifest.entries.map {
                TreeFile(path: $0.path, contentBytes: $0.size, isExecutable: $0.isExecutable)
            }
        }
    }
}

extension ChunkReader {
    /// Reads the manifest of a tree, and checks that it agrees with the index.
    ///
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``, which names the tree.
    mutating func manifest(
        of tree: MemberSet.Tree,
        chunks: [ChunkRecord]
    ) throws -> TreeManifest {
        try CacheStoreError.naming("tree \(tree.module.text)") {
            let manifest: TreeManifest
            do {
                if case .one(let number) = tree.manifest {
                    try read(chunks[number])
                    manifest = try TreeManifest(text: content.span)
                } else {
                    var text: [UInt8] = []
                    for number in tree.manifest.numbers {
                        try read(chunks[number])
                        text += content
                    }
                    manifest = try TreeManifest(text: text.span)
                }
            } catch let fault as TreeManifest.Fault {
                throw damaged(chunks, tree, fault.message)
            }
            guard manifest.entries.count == tree.files, manifest.executables == tree.executables,
                manifest.size == tree.size
            else { throw damaged(chunks, tree, "the manifest does not agree with the index") }
            return manifest
        }
    }
}
