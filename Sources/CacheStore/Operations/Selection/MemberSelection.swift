/// A choice of some members of a set, which filters only ever narrow.
///
/// Each filter is judged by the whole set, so the order of filters does not matter. The members that all
/// filters keep are then closed: whatever needs a member that goes, goes with it.
struct MemberSelection: Sendable {
    /// The set.
    let whole: MemberSet

    // By position in the tables of `whole`: whether all filters so far keep the member; and whether an entry
    // that goes takes along what Go derives from its ID.
    private var keepsAction: [Bool]
    private var takesDerived: [Bool]
    private var keepsTree: [Bool]
    private var keepsDownload: [Bool]
    private var keepsChecksumFile: [Bool]

    /// The positions of the sources whose labels stay in the sets of sources, or `nil` for all sources.
    private var narrowedSources: Set<Int>?

    /// The positions of the sources that stay even if they hold nothing.
    private var namedSources: Set<Int> = []

    /// Begins with all members of a set.
    init(_ whole: MemberSet) {
        self.whole = whole
        keepsAction = Array(repeating: true, count: whole.actions.count)
        takesDerived = Array(repeating: false, count: whole.actions.count)
        keepsTree = Array(repeating: true, count: whole.trees.count)
        keepsDownload = Array(repeating: true, count: whole.downloads.count)
        keepsChecksumFile = Array(repeating: true, count: whole.checksumFiles.count)
    }

    // MARK: - Filters

    /// Keeps the action entries for which `isKept` returns `true`, given their positions.
    ///
    /// - Parameters:
    ///   - takesDerived: Whether a package that goes takes along the entries that Go derives from its ID.
    ///   - isKept: Returns whether the entry at a position is kept.
    mutating func keepActions(takingDerived takesDerived: Bool = true, _ isKept: (Int) -> Bool) {
        for index in keepsAction.indices where !isKept(index) {
            keepsAction[index] = false
            if takesDerived { self.takesDerived[index] = true }
        }
    }

    /// Lets each package that goes take along the entries whose IDs Go derives from its ID.
    ///
    /// Such an entry has a class of its own only beside its package.
    mutating func takeAllDerived() {
        for index in keepsAction.indices where !keepsAction[index] { takesDerived[index] = true }
    }

    /// Keeps the trees, zips and `.ziphash` files of the modules for which `isKept` returns `true`.
    ///
    /// The `.mod` and `.info` files of all modules stay: they are small, and Go needs those of modules that
    /// it does not build to choose versions.
    mutating func keepModules(_ isKept: (ModuleKey) -> Bool) {
        for (index, tree) in whole.trees.enumerated() where keepsTree[index] {
            keepsTree[index] = isKept(tree.module)
        }
        for (index, download) in whole.downloads.enumerated()
        where keepsDownload[index] && [.zip, .ziphash].contains(download.kind) {
            keepsDownload[index] = isKept(download.module)
        }
    }

    /// Keeps the members that sets of sources hold.
    ///
    /// - Parameter isKept: For each set of sources, by its number, whether its members are kept.
    private mutating func keep(heldBy isKept: [Bool]) {
        keepActions(takingDerived: false) { [actions = whole.actions] in isKept[actions[$0].sources] }
        for index in keepsTree.indices where !isKept[whole.trees[index].sources] {
            keepsTree[index] = false
        }
        for index in keepsDownload.indices where !isKept[whole.downloads[index].sources] {
            keepsDownload[index] = false
        }
        for index in keepsChecksumFile.indices where !isKept[whole.checksumFiles[index].sources] {
            keepsChecksumFile[index] = false
        }
    }

    /// Keeps the members that at least one of some sources holds, and forgets all other sources.
    ///
    /// - Parameter labels: The labels of the sources.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/badArgument`` for an unknown label.
    mutating func keep(heldByAny labels: [String]) throws(CacheStoreError) {
        keep(heldBy: try whole.sets(ofAny: labels))
        let positions = Set(whole.sources.indices.filter { labels.contains(whole.sources[$0].label) })
        narrowedSources = positions
        namedSources.formUnion(positions)
    }

    /// Keeps the members that all of some sources hold.
    ///
    /// - Parameter labels: The labels of the sources.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/badArgument`` for an unknown label.
    mutating func keep(heldByAll labels: [String]) throws(CacheStoreError) {
        var isKept = [Bool](repeating: true, count: whole.sourceSets.sets.count)
        for label in labels {
            for (index, isHolder) in try whole.sets(ofAny: [label]).enumerated() where !isHolder {
                isKept[index] = false
            }
        }
        keep(heldBy: isKept)
        namedSources.formUnion(whole.sources.indices.filter { labels.contains(whole.sources[$0].label) })
    }

    /// Keeps the members whose keys another set holds, with whatever value.
    ///
    /// - Complexity: O(*n*) in the members of both sets.
    mutating func keep(keysOf other: MemberSet) {
        let actions = Set(other.actions.map(\.id))
        keepActions(takingDerived: false) { [mine = whole.actions] in actions.contains(mine[$0].id) }
        let trees = Set(other.trees.map(\.module))
        for index in keepsTree.indices where !trees.contains(whole.trees[index].module) {
            keepsTree[index] = false
        }
        var downloads = [Bool](repeating: false, count: keepsDownload.count)
        for (mine, _) in MemberSet.common(whole.downloads, other.downloads, precedes: { $0.key < $1.key }) {
            downloads[mine] = true
        }
        for index in keepsDownload.indices where !downloads[index] { keepsDownload[index] = false }
        let files = Set(other.checksumFiles.map(\.path))
        for index in keepsChecksumFile.indices where !files.contains(whole.checksumFiles[index].path) {
            keepsChecksumFile[index] = false
        }
    }

    // MARK: - The result

    /// The members that are kept, closed, and their chunks in the order of the frames.
    ///
    /// - An entry whose ID Go derives from that of a compiled package goes with the package, unless the
    ///   package goes because a source or another archive lacks it. Without the package, nothing tells the
    ///   entry's class.
    /// - An output stays if an entry refers to it.
    /// - A zip that is made of a tree goes with the tree.
    /// - A `.ziphash` stays with its module's tree or zip.
    /// - A source that holds nothing goes, unless a filter names it. Chunks that no member uses go.
    ///
    /// - Complexity: O(*n* log *n*) in the members of the whole set.
    var result: (set: MemberSet, order: [ChunkNumber]) {
        let result = members(keptActions)
        let holders = result.holders.intersection(narrowedSources ?? Set(whole.sources.indices))
        return (result.keepingSources(at: holders.union(namedSources)), result.frameOrder())
    }

    /// Returns the members of ``result``, with the sources and chunks of the whole set.
    ///
    /// - Parameter isKept: ``keptActions``.
    /// - Returns: The members.
    /// - Complexity: O(*n*) in the members of the whole set.
    func members(_ isKept: [Bool]) -> MemberSet {
        var result = whole
        result.actions = zip(whole.actions, isKept).filter(\.1).map(\.0)
        result.dropUnreferredOutputs()
        result.trees = zip(whole.trees, keepsTree).filter(\.1).map(\.0)
        result.downloads = closedDownloads(with: result.trees, &result.sourceSets)
        result.checksumFiles = zip(whole.checksumFiles, keepsChecksumFile).filter(\.1).map(\.0)
        return result
    }

    /// For each action entry of the whole set, whether it is kept, and no package that goes takes it along.
    var keptActions: [Bool] {
        let packages = whole.actions.indices.filter { index in
            whole.outputNumber(of: whole.actions[index].output)
                .map { [.package, .main].contains(whole.outputs[$0].contentClass) } ?? false
        }
        let ids = Set(packages.map { whole.actions[$0].id })
        let kept = Set(packages.filter { keepsAction[$0] }.map { whole.actions[$0].id })
        var gone = Array(
            Set(packages.filter { takesDerived[$0] }.map { whole.actions[$0].id }).subtracting(kept)
        )
        var orphans: Set<ObjectID> = []
        while let id = gone.popLast() {
            for (derived, _) in EntryRoles.derived(from: id) where orphans.insert(derived).inserted {
                // Only a hostile archive has a package there.
                if ids.contains(derived) { gone.append(derived) }
            }
        }
        return whole.actions.indices.map { keepsAction[$0] && !orphans.contains(whole.actions[$0].id) }
    }

    private func closedDownloads(
        with trees: [MemberSet.Tree],
        _ sets: inout SourceSets
    ) -> [MemberSet.Download] {
        let treesOfModules = Dictionary(uniqueKeysWithValues: trees.map { ($0.module, $0) })
        var holders: [ModuleKey: SourceSetNumber] = treesOfModules.mapValues(\.sources)
        var keepsZip: Set<ModuleKey> = []
        for (index, download) in whole.downloads.enumerated() where download.kind == .zip {
            let hasTree = treesOfModules[download.module] != nil
            guard keepsDownload[index], hasTree || download.content != .derived else { continue }
            keepsZip.insert(download.module)
            holders[download.module] =
                holders[download.module].map { sets.union($0, download.sources) } ?? download.sources
        }
        var result: [MemberSet.Download] = []
        for (index, var download) in whole.downloads.enumerated() {
            switch download.kind {
            case .zip: if keepsZip.contains(download.module) { result.append(download) }
            case .ziphash:
                if let content = holders[download.module] {
                    // Whoever holds the content holds the hash against which the content is checked.
                    download.sources = sets.union(download.sources, content)
                    result.append(download)
                } else if keepsDownload[index] {
                    result.append(download)
                }
            case .info, .mod: if keepsDownload[index] { result.append(download) }
            }
        }
        return result
    }
}
