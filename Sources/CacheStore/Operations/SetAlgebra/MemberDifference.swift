import SystemPackage

/// The members that one set has and other sets lack.
///
/// A member is a key and its value. The other sets have a member if they hold the same value, or another
/// value that a union prefers. So uniting the difference with the other sets gives the same as uniting the
/// whole set with them. Everything that the remaining members need in order to be an archive stays with them,
/// even if another set has it. <doc:Design> states the rules.
///
/// Both sets are in memory. Where they lack outputs and action entries, ``EntryDifference`` finds those.
struct MemberDifference: Sendable {
    private let set: MemberSet

    // By position in the tables of `set`: whether another set has the member, or a value that a union
    // prefers.
    private var hasAction: [Bool]
    private var hasOutput: [Bool]
    private var hasTree: [Bool]
    private var hasDownload: [Bool]
    private var hasChecksumFile: [Bool]

    /// For each zip of `set`, by its position, the parts of the module that other sets have.
    private var zips: [Int: Zip] = [:]

    /// The positions of the sources that hold no member of `set` and are in no other set.
    private(set) var idleSources: Set<Int>

    /// The chunks that no member of `set` uses and that are in no other set.
    private(set) var unusedChunks: [ChunkNumber]

    private struct Zip {
        var isThere = false
        var isPreferred = false
        var hasTree = false
    }

    /// Begins with all members of a set.
    ///
    /// - Parameters:
    ///   - set: The set.
    ///   - unusedChunks: The chunks that no member uses and that count as part of the set, as in an archive.
    ///   - sources: The sets of sources that hold action entries which are not in the set.
    init(
        _ set: MemberSet,
        unusedChunks: [ChunkNumber] = [],
        withEntriesOf sources: Set<SourceSetNumber> = []
    ) {
        self.set = set
        hasAction = Array(repeating: false, count: set.actions.count)
        hasOutput = Array(repeating: false, count: set.outputs.count)
        hasTree = Array(repeating: false, count: set.trees.count)
        hasDownload = Array(repeating: false, count: set.downloads.count)
        hasChecksumFile = Array(repeating: false, count: set.checksumFiles.count)
        for (index, download) in set.downloads.enumerated() where download.kind == .zip {
            zips[index] = Zip()
        }
        idleSources = Set(set.sources.indices).subtracting(set.holders)
            .subtracting(set.holders(withEntriesOf: sources))
        self.unusedChunks = unusedChunks
    }

    // MARK: - Others

    /// Notes the members of another set.
    ///
    /// - Parameters:
    ///   - other: The other set.
    ///   - path: The archive of the other set, for messages.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/conflict`` if the sets hold different
    ///   values where only one is allowed.
    mutating func subtract(_ other: MemberSet, of path: FilePath) throws(CacheStoreError) {
        subtractBuildCache(other)
        try subtractTrees(other, path)
        try subtractDownloads(other, path)
        for (mine, _, relation) in set.relatedChecksumFiles(other) {
            try relation.checkConflict(of: set.checksumFiles[mine].memberName, in: path)
            if relation.coversFirst { hasChecksumFile[mine] = true }
        }
        idleSources = idleSources.filter { !other.sources.contains(set.sources[$0]) }
    }

    /// Notes a chunk of another archive.
    mutating func subtract(_ chunk: ChunkRecord) {
        unusedChunks.removeAll { set.chunks[$0].id == chunk.id }
    }

    private mutating func subtractBuildCache(_ other: MemberSet) {
        for (mine, _) in MemberSet.common(set.actions, other.actions, precedes: { $0.key < $1.key }) {
            hasAction[mine] = true
        }
        for (mine, _, relation) in set.relatedOutputs(other) where relation.coversFirst {
            hasOutput[mine] = true
        }
    }

    private mutating func subtractTrees(_ other: MemberSet, _ path: FilePath) throws(CacheStoreError) {
        for (mine, _, relation) in set.relatedTrees(other) {
            try relation.checkConflict(of: "tree \(set.trees[mine].module.text)", in: path)
            if relation.coversFirst { hasTree[mine] = true }
        }
        for index in zips.keys where other.treeIndex(of: set.downloads[index].module) != nil {
            zips[index]?.hasTree = true
        }
    }

    private mutating func subtractDownloads(_ other: MemberSet, _ path: FilePath) throws(CacheStoreError) {
        for (mine, _, relation) in set.relatedDownloads(other) {
            try relation.checkConflict(of: set.downloads[mine].memberName, in: path)
            zips[mine]?.isThere = true
            guard relation.coversFirst else { continue }
            zips[mine]?.isPreferred = true
            hasDownload[mine] = true
        }
    }

    // MARK: - The remainder

    /// The members that are left, and their chunks in the order of the frames.
    ///
    /// - Complexity: O(*n* log *n*) in the members of the first set.
    var remainder: (set: MemberSet, order: [ChunkNumber]) {
        let result = members
        let order = result.frameOrder() + unusedChunks
        return (result.keepingSources(at: result.holders.union(idleSources)), order)
    }

    /// The members that are left, with the sources and chunks of the first set.
    ///
    /// - Complexity: O(*n* log *n*) in the members of the first set.
    var members: MemberSet {
        var result = set
        // An entry that other sets have stays if its output has a better form in this set than in the others.
        result.actions = set.actions.enumerated()
            .filter { index, action in
                !hasAction[index] || !(set.outputNumber(of: action.output).map { hasOutput[$0] } ?? false)
            }
            .map(\.element)
        result.dropUnreferredOutputs()
        // A zip needs the tree that makes it again. A tree or a zip needs the hash against which it is
        // checked.
        let keptZips = zips.filter { !has($1, set.downloads[$0]) }.keys
        let derived = Set(keptZips.map { set.downloads[$0] }.filter { $0.content == .derived }.map(\.module))
        result.trees = set.trees.enumerated()
            .filter { !hasTree[$0] || derived.contains($1.module) }
            .map(\.element)
        let hashed = Set(result.trees.map(\.module) + keptZips.map { set.downloads[$0].module })
        result.downloads = set.downloads.enumerated()
            .filter { index, download in
                switch download.kind {
                case .zip: keptZips.contains(index)
                case .ziphash: !hasDownload[index] || hashed.contains(download.module)
                case .info, .mod: !hasDownload[index]
                }
            }
            .map(\.element)
        result.checksumFiles = set.checksumFiles.enumerated().filter { !hasChecksumFile[$0.offset] }
            .map(\.element)
        return result
    }

    /// Returns whether the union of the other sets has a zip.
    ///
    /// A zip that a tree makes is as good as any other zip.
    private func has(_ zip: Zip, _ download: MemberSet.Download) -> Bool {
        zip.isThere && (zip.isPreferred || zip.hasTree || download.content == .derived)
    }
}
