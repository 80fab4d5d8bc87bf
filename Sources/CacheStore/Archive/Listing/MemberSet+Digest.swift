extension MemberSet {
    /// The archive's digest: the SHA-256 of the canonical listing of the members that a restore writes; see
    /// <doc:Format>.
    ///
    /// - Complexity: O(*n*), about 100 bytes hashed per member.
    var digest: ObjectID {
        var listing = ListingDigest()
        let settled = settled()
        for action in settled.actions { listing.action(action.id, output: action.output) }
        for output in settled.outputs { listing.output(output) }
        listing.modules(of: self) { chunks[$0].id }
        return listing.finish()
    }
}

extension MemberSet {
    /// Returns the ID of a tree's manifest.
    func manifestID(of tree: Tree) -> ObjectID { tree.manifestID { chunks[$0].id } }
}

extension MemberSet.Tree {
    /// Returns the ID of the manifest: that of its chunk, or the SHA-256 of the IDs of its chunks, one after
    /// another.
    ///
    /// - Parameter id: Returns the ID of a chunk.
    /// - Returns: The ID.
    func manifestID(_ id: (ChunkNumber) -> ObjectID) -> ObjectID {
        if case .one(let chunk) = manifest { return id(chunk) }
        var hasher = ContentHasher()
        manifest.forEach { hasher.update(id($0).bytes.span) }
        return hasher.finish()
    }
}
