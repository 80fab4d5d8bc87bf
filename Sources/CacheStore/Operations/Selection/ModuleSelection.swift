/// A choice of some members of GOMODCACHE, and of some sources, of a set, which filters only ever narrow.
struct ModuleSelection: Sendable {
    /// The set; its outputs and action entries do not matter.
    let whole: MemberSet

    // By position in the tables of `whole`: whether all filters so far keep the member.
    private var keepsTree: [Bool]
    private var keepsDownload: [Bool]
    private var keepsChecksumFile: [Bool]

    /// The positions of the sources whose labels stay in the sets of sources, or `nil` for all sources.
    private(set) var narrowedSources: Set<Int>?

    /// The positions of the sources that stay even if they hold nothing.
    private(set) var namedSources: Set<Int> = []

    /// Begins with all members of a set.
    init(_ whole: MemberSet) {
        self.whole = whole
        keepsTree = Array(repeating: true, count: whole.trees.count)
        keepsDownload = Array(repeating: true, count: whole.downloads.count)
        keepsChecksumFile = Array(repeating: true, count: whole.checksumFiles.count)
    }

    // MARK: - Filters

    /// Keeps the trees, zips and `.ziphash` files of the modules for which `isKept` returns `true`.
    ///
    /// The `.mod` and `.info` files of all modules stay: they are small, and Go needs those of modules that
    /// it does not build to choose versions.
    mutating func keep(_ isKept: (ModuleKey) -> Bool) {
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
    /// - Returns: For each set of sources, by its number, whether its members are kept.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/badArgument`` for an unknown label.
    mutating func keep(heldByAny labels: [String]) throws(CacheStoreError) -> [Bool] {
        let isKept = try whole.sets(ofAny: labels)
        keep(heldBy: isKept)
        let positions = Set(whole.sources.indices.filter { labels.contains(whole.sources[$0].label) })
        narrowedSources = positions
        namedSources.formUnion(positions)
        return isKept
    }

    /// Keeps the members that all of some sources hold.
    ///
    /// - Parameter labels: The labels of the sources.
    /// - Returns: For each set of sources, by its number, whether its members are kept.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/badArgument`` for an unknown label.
    mutating func keep(heldByAll labels: [String]) throws(CacheStoreError) -> [Bool] {
        var isKept = [Bool](repeating: true, count: whole.sourceSets.sets.count)
        for label in labels {
            for (index, isHolder) in try whole.sets(ofAny: [label]).enumerated() where !isHolder {
                isKept[index] = false
            }
        }
        keep(heldBy: isKept)
        namedSources.formUnion(whole.sources.indices.filter { labels.contains(whole.sources[$0].label) })
        return isKept
    }

    /// Keeps the members whose keys another set holds, with whatever value.
    ///
    /// - Complexity: O(*n*) in the members of both sets.
    mutating func keep(keysOf other: MemberSet) {
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

    /// The set with those of its members of GOMODCACHE that stay, with the sources and chunks of the whole
    /// set.
    ///
    /// - A zip that is made of a tree goes with the tree.
    /// - A `.ziphash` stays with its module's tree or zip.
    var members: MemberSet {
        var result = whole
        result.trees = zip(whole.trees, keepsTree).filter(\.1).map(\.0)
        result.downloads = closedDownloads(with: result.trees, &result.sourceSets)
        result.checksumFiles = zip(whole.checksumFiles, keepsChecksumFile).filter(\.1).map(\.0)
        return result
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
