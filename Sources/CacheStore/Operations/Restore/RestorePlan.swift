/// The members of an archive that are restored, found in one pass through its index.
struct RestorePlan: Sendable {
    /// The digest of the archive, as its index states it.
    let archiveDigest: ObjectID

    /// The members of GOMODCACHE, and their chunks.
    let set: MemberSet

    /// The content of all zips that the archive stores.
    let zips: ZippedContent

    /// The sources in the form in which they are compared with others: ``MemberSet/comparableSources()``.
    let comparableSources: [Source]

    /// A bit per output: whether the output is restored, because a restored action entry refers to it.
    let isWanted: BitArray

    /// The number of outputs that are restored.
    let outputCount: Int

    /// The length of the outputs that are restored, in bytes.
    let outputBytes: Int

    /// The number of action entries that are restored.
    let actionCount: Int

    /// The executables that are passed over because of their names, each by the output's number.
    let whiteouts: [OutputNumber: String]

    /// For each set of sources, whether its members are restored; `nil` for all sets.
    private let isWantedSet: [Bool]?

    /// A bit per action entry of the archive: whether patterns keep it; `nil` without patterns.
    private let keepsAction: BitArray?

    /// Whether all modules are restored.
    private let hasAllModules: Bool

    /// Plans a restore of the members that ``MemberSet/selecting(_:)``,
    /// ``MemberSet/keepingModules(_:modFilesOf:)`` and ``MemberSet/settled()`` would choose.
    ///
    /// - Parameters:
    ///   - index: The index, which is checked completely.
    ///   - labels: The labels of the sources to restore; `nil` for all.
    ///   - modules: The modules to restore; `nil` for all.
    ///   - selection: The members that patterns keep, of those that `labels` choose; `nil` for all of those.
    ///   - becomesLayer: Whether an image's layer is made of the files. Executables whose names a layer can't
    ///     hold are then passed over, with the entries that refer to them: Go links them again.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``, or as
    ///   ``MemberSet/selecting(_:)`` does.
    init(
        for index: IndexReader,
        only labels: [String]?,
        _ modules: NamedModules? = nil,
        _ selection: PatternSelection? = nil,
        becomesLayer: Bool
    ) throws {
        var sources = MemberSet()
        (sources.sources, sources.sourceSets) = (index.sources, index.sourceSets)
        let isWantedSet: [Bool]? =
            if let labels { try sources.sets(ofAny: labels) } else { nil }
        let keepsAction = selection?.keepsAction
        var isWanted = BitArray(count: index.outputCount)
        var isCgo = BitArray()
        var cgoSets: Set<SourceSetNumber> = []
        var pass = Pass()
        var actions = 0
        var whiteouts: [OutputNumber: String] = [:]
        var outputs = 0
        let all = try index.modules { output in
            isCgo.append(output.contentClass == .cgo)
            if becomesLayer, let name = output.executable, PathRules.isWhiteout(name) {
                whiteouts[OutputNumber(outputs)] = name
            }
            outputs += 1
        } action: { row in
            guard Self.restores(row, in: &pass, isWantedSet, keepsAction, whiteouts) else { return }
            actions += 1
            isWanted[row.output.index] = true
            if isCgo[row.output.index] { cgoSets.insert(row.sources) }
        }
        var bytes = 0
        try index.forEachOutputSize { number, size in if isWanted[number.index] { bytes += size } }
        var set: MemberSet = if let labels { try all.selecting(labels) } else { all }
        if let selection { set = set.keepingModules(of: selection.set) }
        if let modules { set = set.keepingModules(modules.zips, modFilesOf: modules.modFiles) }
        hasAllModules = modules == nil
        self.keepsAction = keepsAction
        archiveDigest = index.digest
        zips = ZippedContent(of: all, in: index)
        self.whiteouts = whiteouts
        self.set = set
        comparableSources = set.comparableSources(holdersOfCgo: cgoSets)
        self.isWanted = isWanted
        outputCount = isWanted.setCount
        outputBytes = bytes
        actionCount = actions
        self.isWantedSet = isWantedSet
    }

    /// A pass through the action entries of the index, in their order.
    struct Pass: Sendable {
        /// The number of entries that were passed.
        fileprivate var position = 0
        /// The ID of the last entry that is restored.
        fileprivate var last: ObjectID?
    }

    /// Returns whether an action entry is restored: the first of the wanted entries with the same ID.
    ///
    /// - Parameters:
    ///   - row: The next entry of the index.
    ///   - pass: The pass, which must be shown each entry.
    /// - Returns: Whether the entry is restored.
    func restores(_ row: ActionCursor.Row, in pass: inout Pass) -> Bool {
        Self.restores(row, in: &pass, isWantedSet, keepsAction, whiteouts)
    }

    private static func restores(
        _ row: ActionCursor.Row,
        in pass: inout Pass,
        _ isWantedSet: [Bool]?,
        _ keepsAction: BitArray?,
        _ whiteouts: [OutputNumber: String]
    ) -> Bool {
        defer { pass.position += 1 }
        guard row.id != pass.last, isWantedSet?[row.sources] ?? true,
            keepsAction?[pass.position] ?? true, whiteouts.isEmpty || whiteouts[row.output] == nil
        else { return false }
        pass.last = row.id
        return true
    }

    /// Returns whether all members of the archive are restored to both caches.
    func isWhole(_ caches: GoCaches) -> Bool {
        caches.buildCache != nil && caches.moduleCache != nil && isWantedSet == nil && keepsAction == nil
            && whiteouts.isEmpty && hasAllModules
    }

    /// Returns the digest of the members that are restored: that of an archive with just these members.
    ///
    /// - Parameters:
    ///   - index: The index, which is checked completely.
    ///   - caches: The caches, of which one may be left out.
    ///   - damaged: The members that are left out because they are damaged.
    /// - Returns: The digest.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``.
    func digest(
        _ index: IndexReader,
        restoring caches: GoCaches,
        without damaged: DamagedMembers = DamagedMembers()
    ) throws -> ObjectID {
        var listing = ListingDigest()
        if caches.buildCache != nil {
            let actions = try ActionCursor(index)
            var pass = Pass()
            while let row = try actions.next() {
                guard restores(row, in: &pass), damaged.outputs[row.output] == nil else { continue }
                listing.action(row.id, output: try index.output(row.output).id)
            }
            let outputs = try OutputCursor(index)
            while try outputs.next() {
                guard let output = outputs.output, isWanted[outputs.number.index],
                    damaged.outputs[outputs.number] == nil
                else { continue }
                listing.output(output)
            }
        }
        if caches.moduleCache != nil {
            var rest = set
            rest.leaveOutModules(damaged)
            listing.modules(of: rest) { set.chunks[$0].id }
        }
        return listing.finish()
    }

    /// Counts the restored action entries that refer to each damaged output.
    ///
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``.
    func entries(of damaged: DamagedMembers, in index: IndexReader) throws -> [OutputNumber: Int] {
        var counts: [OutputNumber: Int] = [:]
        guard !damaged.outputs.isEmpty else { return counts }
        let actions = try ActionCursor(index)
        var pass = Pass()
        while let row = try actions.next() {
            guard restores(row, in: &pass), damaged.outputs[row.output] != nil else { continue }
            counts[row.output, default: 0] += 1
        }
        return counts
    }
}
