extension MemberSet {
    /// Returns the members that a restore writes.
    ///
    /// Of the entries of one action ID, the result has only the first, which has the lowest output. Of the
    /// outputs, it has those that some remaining entry refers to.
    ///
    /// - Complexity: O(*n*); O(1) memory where no two entries have one ID.
    func settled() -> MemberSet {
        guard zip(actions, actions.dropFirst()).contains(where: { $0.id == $1.id }) else { return self }
        var result = self
        result.actions = []
        for action in actions where result.actions.last?.id != action.id { result.actions.append(action) }
        result.dropUnreferredOutputs()
        return result
    }

    /// Returns the sources in the form in which they are compared with others.
    ///
    /// The distribution does not matter for a source that holds nothing made by cgo. Such a source is
    /// returned without its distribution.
    ///
    /// - Complexity: O(*n*).
    func comparableSources() -> [Source] {
        let made = Set(outputs.lazy.filter { $0.contentClass == .cgo }.map(\.id))
        let sets = Set(actions.lazy.filter { made.contains($0.output) }.map(\.sources))
        return comparableSources(holdersOfCgo: sets)
    }

    /// Returns the sources in the form in which they are compared with others.
    ///
    /// - Parameter sets: The sets of sources that hold entries made by cgo.
    /// - Returns: The sources.
    func comparableSources(holdersOfCgo sets: Set<SourceSetNumber>) -> [Source] {
        let holders = Set(sets.flatMap { sourceSets[$0] })
        var result = sources
        for index in result.indices where !holders.contains(index) {
            result[index].environment.variables[GoEnvironment.distribution] = nil
        }
        return result
    }

    /// Drops the outputs that no action entry refers to.
    mutating func dropUnreferredOutputs() {
        let referred = Set(actions.map(\.output))
        outputs.removeAll { !referred.contains($0.id) }
    }

    /// Returns the members that at least one of the given sources holds.
    ///
    /// - Parameter labels: The labels of the given sources.
    /// - Returns: The set of those members, with all chunks kept.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/badArgument`` for a label that no
    ///   source has.
    func selecting(_ labels: [String]) throws(CacheStoreError) -> MemberSet {
        let isWanted = try sets(ofAny: labels)
        var result = self
        result.actions = actions.filter { isWanted[$0.sources] }
        result.dropUnreferredOutputs()
        result.trees = trees.filter { isWanted[$0.sources] }
        result.downloads = downloads.filter { isWanted[$0.sources] }
        result.checksumFiles = checksumFiles.filter { isWanted[$0.sources] }
        return result
    }

    /// Returns the set with only some of its members of GOMODCACHE, and without the checksum database.
    ///
    /// - Parameters:
    ///   - modules: The modules that stay with their trees and all of their downloads.
    ///   - modFiles: The modules that stay with their `.mod` and `.info` files at least.
    /// - Returns: The set, with all chunks kept.
    func keepingModules(_ modules: Set<ModuleKey>, modFilesOf modFiles: Set<ModuleKey>) -> MemberSet {
        var result = self
        result.trees = trees.filter { modules.contains($0.module) }
        result.downloads = downloads.filter { download in
            modules.contains(download.module)
                || [.mod, .info].contains(download.kind) && modFiles.contains(download.module)
        }
        result.checksumFiles = []
        return result
    }

    /// Returns the set with only those of its members of GOMODCACHE that another set has, too.
    ///
    /// - Parameter other: A set whose members of GOMODCACHE have the values that they have here.
    /// - Returns: The set, with all chunks kept.
    func keepingModules(of other: MemberSet) -> MemberSet {
        var result = self
        let trees = Set(other.trees.map(\.module))
        result.trees = self.trees.filter { trees.contains($0.module) }
        let downloads = Set(other.downloads.map(\.key))
        result.downloads = self.downloads.filter { downloads.contains($0.key) }
        let files = Set(other.checksumFiles.map(\.path))
        result.checksumFiles = checksumFiles.filter { files.contains($0.path) }
        return result
    }

    /// Finds the sets of sources that contain at least one of the given sources.
    ///
    /// - Parameter labels: The labels of the given sources.
    /// - Returns: For each set, by its number, whether the set contains one of the given sources.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/badArgument`` for a label that no
    ///   source has.
    func sets(ofAny labels: [String]) throws(CacheStoreError) -> [Bool] {
        let known = sources.map(\.label)
        for label in labels where !known.contains(label) {
            throw CacheStoreError(
                .badArgument,
                "the archive holds no source `\(label)`",
                remedy: .chooseSource(among: known)
            )
        }
        return sourceSets.sets.map { set in set.contains { labels.contains(known[$0]) } }
    }
}
