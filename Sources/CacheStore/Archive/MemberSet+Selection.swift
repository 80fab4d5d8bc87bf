extension MemberSet {
    /// The members that at least one of some sources holds.
    ///
    /// - Parameter labels: The labels of those sources.
    /// - Returns: The set of those members; its chunks stay.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/badArgument`` for a label that no
    ///   source has.
    func selecting(_ labels: [String]) throws(CacheStoreError) -> MemberSet {
        let known = sources.map(\.label)
        for label in labels where !known.contains(label) {
            throw CacheStoreError(
                .badArgument,
                "the archive holds no source `\(label)`",
                hint: "its sources are: \(known.joined(separator: ", "))"
            )
        }
        let isWanted = sourceSets.sets.map { set in set.contains { labels.contains(known[$0]) } }
        var result = self
        result.actions = actions.filter { isWanted[Int($0.sources)] }
        let outputs = Set(result.actions.map(\.output))
        result.outputs = self.outputs.filter { outputs.contains($0.id) }
        result.trees = trees.filter { isWanted[Int($0.sources)] }
        result.downloads = downloads.filter { isWanted[Int($0.sources)] }
        result.checksumFiles = checksumFiles.filter { isWanted[Int($0.sources)] }
        return result
    }
}
