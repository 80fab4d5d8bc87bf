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

    /// Returns the members of a pack that the patterns keep.
    ///
    /// - Parameters:
    ///   - whole: The members of the whole pack.
    ///   - pending: Returns whether an output has not been read; its entries go. In a cache that nobody
    ///     changes, the patterns keep none of them when all that they keep has been read.
    ///   - check: Called from time to time; an error that it throws ends the work.
    /// - Returns: The members, and warnings about patterns that match nothing.
    /// - Throws: The error of `check`.
    func part(
        of whole: MemberSet,
        without pending: (ObjectID) -> Bool = { _ in false },
        check: () throws -> Void
    ) throws -> (set: MemberSet, warnings: [Warning]) {
        var selection = MemberSelection(whole)
        var filter = NameFilter(included, excluded)
        filter.apply(to: &selection, try EntrySubjects(whole, names, check: check))
        selection.keepActions(takingDerived: false) { index in
            let action = whole.actions[index]
            return !unreadIndexes.contains(action.id) && !pending(action.output)
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
