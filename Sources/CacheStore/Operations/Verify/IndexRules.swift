/// The rules for an index as a whole, which no other reader of an archive needs.
///
/// A breach of them harms no restore, but equal sets would no longer be equal files.
struct IndexRules {
    let archive: Archive
    let index: IndexReader

    /// Returns the breaches of an index whose rows are in order.
    ///
    /// - Parameter set: The members of GOMODCACHE.
    /// - Returns: The breaches, each as an error.
    /// - Throws: ``CacheStoreError`` for a system error.
    /// - Complexity: O(*n* log *n*) in the number of chunks, with 32 bytes per chunk; memory for the index.
    func breaches(_ set: MemberSet) throws -> [CacheStoreError] {
        var breaches: [CacheStoreError] = []
        if let id = try repeatedChunk() {
            breaches.append(index.fault("a content is stored twice", "chunk \(id)"))
        }
        if try usedSets(set).count != index.sourceSets.sets.count {
            breaches.append(index.fault("a set of sources has no members"))
        }
        if try !IndexImage.isCanonical(archive) {
            breaches.append(index.fault("its bytes are not those that its rows make"))
        }
        return breaches
    }

    private func repeatedChunk() throws -> ObjectID? {
        var ids: [ObjectID] = []
        try index.forEachChunk { ids.append($0.id) }
        ids.sort()
        return zip(ids, ids.dropFirst()).first { $0 == $1 }?.0
    }

    private func usedSets(_ set: MemberSet) throws -> Set<SourceSetNumber> {
        var used = set.moduleSourceSets
        let actions = try ActionCursor(index)
        while let row = try actions.next() { used.insert(row.sources) }
        return used
    }
}
