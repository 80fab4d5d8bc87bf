import SystemPackage

/// The members that one set has and others have not.
///
/// A member is a key and its value. Others have it if they hold the same value, or another which a union prefers,
/// so that uniting the difference with them gives what uniting the whole set would. What the members that are left
/// need to be an archive stays with them, whoever else has it. <doc:Design> states the rules.
///
/// Both sets are in memory.
struct MemberDifference: Sendable {
    private let set: MemberSet

    // By position in the tables of `set`: whether another set has that, or what a union prefers to it.
    private var hasAction: [Bool]
    private var hasOutput: [Bool]
    private var hasTree: [Bool]
    private var hasDownload: [Bool]
    private var hasChecksumFile: [Bool]

    /// For each zip of `set` by its position, what other sets have of the module.
    private var zips: [Int: Zip] = [:]

    /// The sources that hold no member of `set` and are in no other set, by position.
    private var idleSources: Set<Int>

    /// The chunks that no member of `set` uses and that are in no other set.
    private var unusedChunks: [UInt32]

    private struct Zip {
        var isThere = false
        var isPreferred = false
        var hasTree = false
    }

    /// Begins with all members of a set.
    ///
    /// - Parameters:
    ///   - set: The set.
    ///   - keepsUnusedChunks: Whether chunks that no member uses count as part of it, as in an archive.
    init(_ set: MemberSet, keepsUnusedChunks: Bool) {
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
        unusedChunks = keepsUnusedChunks ? set.unusedChunks : []
    }

    // MARK: - Others

    /// Notes what another set has.
    ///
    /// - Parameters:
    ///   - other: The set.
    ///   - path: Its archive, for messages.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/conflict`` where the sets differ in what
    ///   can have but one value.
    mutating func subtract(_ other: MemberSet, of path: FilePath) throws(CacheStoreError) {
        subtractBuildCache(other)
        try subtractTrees(other, path)
        try subtractDownloads(other, path)
        let files = MemberSet.common(set.checksumFiles, other.checksumFiles) { $0.path.precedes($1.path) }
        for (mine, others) in files {
            let (one, another) = (set.checksumFiles[mine], other.checksumFiles[others])
            if one.bytes != another.bytes, !one.path.contains("/lookup/") {
                throw .alarm("checksum \(one.path)", path)
            }
            if ConflictRule.keepsFirst(another.bytes, one.bytes) { hasChecksumFile[mine] = true }
        }
        idleSources = idleSources.filter { !other.sources.contains(set.sources[$0]) }
        if !unusedChunks.isEmpty {
            let ids = Set(other.chunks.map(\.id))
            unusedChunks.removeAll { ids.contains(set.chunks[Int($0)].id) }
        }
    }

    private mutating func subtractBuildCache(_ other: MemberSet) {
        for (mine, _) in MemberSet.common(set.actions, other.actions, precedes: { $0.key < $1.key }) {
            hasAction[mine] = true
        }
        for (mine, others) in MemberSet.common(set.outputs, other.outputs, precedes: { $0.id < $1.id })
        where ConflictRule.keepsFirst(other.outputs[others], set.outputs[mine]) {
            hasOutput[mine] = true
        }
    }

    private mutating func subtractTrees(_ other: MemberSet, _ path: FilePath) throws(CacheStoreError) {
        for (mine, others) in MemberSet.common(set.trees, other.trees, precedes: { $0.module < $1.module }) {
            let (one, another) = (set.trees[mine], other.trees[others])
            guard one.h1 == another.h1 else { throw .alarm("tree \(one.module.text)", path) }
            let manifests = (set.manifestID(of: one), other.manifestID(of: another))
            if ConflictRule.keepsFirst((another, manifests.1), (one, manifests.0)) { hasTree[mine] = true }
        }
        for index in zips.keys where other.treeIndex(of: set.downloads[index].module) != nil {
            zips[index]?.hasTree = true
        }
    }

    private mutating func subtractDownloads(_ other: MemberSet, _ path: FilePath) throws(CacheStoreError) {
        let downloads = MemberSet.common(set.downloads, other.downloads) {
            ($0.module, $0.kind) < ($1.module, $1.kind)
        }
        for (mine, others) in downloads {
            let one = set.downloads[mine]
            switch (one.content, other.downloads[others].content) {
            case (.bytes(let first), .bytes(let second)):
                if first != second, one.kind != .info {
                    throw .alarm("\(one.kind.rawValue) \(one.module.text)", path)
                }
                if ConflictRule.keepsFirst(second, first) { hasDownload[mine] = true }
            case (.stored(let first, _, _), .stored(let second, _, _)):
                zips[mine]?.isThere = true
                if second <= first { zips[mine]?.isPreferred = true }
            default: zips[mine]?.isThere = true
            }
        }
    }

    // MARK: - What is left

    /// The members that are left, and the numbers of their chunks in the order of their frames.
    ///
    /// - Complexity: O(*n* log *n*) in the members of the first set.
    var remainder: (set: MemberSet, order: [UInt32]) {
        var result = set
        // An entry stands for its output, too: it is left where only the output is better than elsewhere.
        result.actions = set.actions.enumerated()
            .filter { index, action in
                !hasAction[index] || !(set.outputIndex(of: action.output).map { hasOutput[$0] } ?? false)
            }
            .map(\.element)
        result.dropUnreferredOutputs()
        // A zip needs the tree that makes it again; either needs the hash that it is checked against.
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
        let order = result.frameOrder() + unusedChunks
        return (result.keepingSources(at: result.holders.union(idleSources)), order)
    }

    /// Whether the union of the other sets has a zip; one that a tree makes again is as good as any.
    private func has(_ zip: Zip, _ download: MemberSet.Download) -> Bool {
        zip.isThere && (zip.isPreferred || zip.hasTree || download.content == .derived)
    }
}
