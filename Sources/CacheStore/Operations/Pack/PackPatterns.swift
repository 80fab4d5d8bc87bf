/// The patterns of a pack, and the names by which they choose members.
///
/// They choose what a ``Select`` of the whole pack would choose.
struct PackPatterns: Sendable {
    private let included: [Glob]
    private let excluded: [Glob]

    /// The names of the compiled packages.
    let names: SelectionNames

    /// The IDs of the indexes that go with their modules, whose trees are not read.
    private let unreadIndexes: Set<ObjectID>

    /// The IDs of the entries that were kept when their outputs had been read; `nil` before.
    private var settled: Set<ObjectID>?

    /// Creates the patterns of some options.
    ///
    /// - Parameters:
    ///   - options: The options.
    ///   - names: The names of the compiled packages.
    ///   - unreadIndexes: The IDs of the indexes that go with their modules, whose trees are not read.
    init(_ options: Pack.Options, _ names: SelectionNames, unreadIndexes: Set<ObjectID>) {
        (included, excluded) = (options.included, options.excluded)
        (self.names, self.unreadIndexes) = (names, unreadIndexes)
    }

    /// Ends the choice: from now on, no entry is kept that is not among these.
    ///
    /// Members that change while they are packed are dropped later. Then the patterns might keep others in
    /// their place, whose content has not been read or is not in the archive.
    mutating func settle(for actions: [MemberSet.Action]) { settled = Set(actions.map(\.id)) }

    /// Returns the members of a pack that the patterns keep.
    ///
    /// - Parameters:
    ///   - whole: The members of the whole pack.
    ///   - check: Called from time to time; an error that it throws ends the work.
    /// - Returns: The members, and warnings about patterns that match nothing.
    /// - Throws: The error of `check`.
    func part(
        of whole: MemberSet,
        check: () throws -> Void
    ) throws -> (set: MemberSet, warnings: [Warning]) {
        var selection = MemberSelection(whole)
        var filter = NameFilter(included, excluded)
        try filter.apply(to: &selection, try EntrySubjects(whole, check: check), names)
        selection.entries.keep(takingDerived: false) { index in
            let id = whole.actions[index].id
            return !unreadIndexes.contains(id) && settled?.contains(id) ?? true
        }
        return (selection.result.set, filter.warnings)
    }
}

extension Pack.Excluded {
    /// Counts the members of a pack that a part of it lacks.
    ///
    /// - Parameters:
    ///   - whole: The members of the pack.
    ///   - part: Some of them.
    ///   - names: The names of the compiled packages.
    init(_ whole: MemberSet, leaving part: MemberSet, _ names: SelectionNames) {
        self.init()
        let kept = Set(part.actions.map(\.id))
        let gone = whole.actions.filter { !kept.contains($0.id) }
        packages = Set(gone.compactMap { names[$0.output]?.title }).count
        func contents(of set: MemberSet) -> Set<ModuleKey> {
            Set(set.trees.map(\.module) + set.downloads.filter { $0.kind == .zip }.map(\.module))
        }
        modules = contents(of: whole).subtracting(contents(of: part)).count
        byKind = ArchiveTotals(of: whole, fileBytes: 0).byKind
        for (kind, tally) in ArchiveTotals(of: part, fileBytes: 0).byKind { byKind[kind]? -= tally }
        for kind in byKind.keys {
            // What is not written is not compressed.
            byKind[kind]?.storedBytes = 0
        }
        byKind = byKind.filter { $0.value.members > 0 }
    }
}
