/// A choice of some members of a set in memory.
///
/// The members that all filters keep are closed: whatever needs a member that goes, goes with it.
struct MemberSelection: NarrowableMembers, Sendable {
    /// The set.
    let whole: MemberSet

    var modules: ModuleSelection
    var entries: EntrySelection

    /// For each action entry of `whole`, whether its output is a compiled package.
    private let isPackage: BitArray

    /// Begins with all members of a set.
    init(_ whole: MemberSet) {
        self.whole = whole
        modules = ModuleSelection(whole)
        entries = EntrySelection(count: whole.actions.count)
        var isPackage = BitArray()
        for action in whole.actions {
            let contentClass = whole.outputNumber(of: action.output).map { whole.outputs[$0].contentClass }
            isPackage.append(contentClass == .package || contentClass == .main)
        }
        self.isPackage = isPackage
    }

    func forEachEntry(_ body: (Int, MemberSet.Action) throws -> Void) throws {
        for (position, action) in whole.actions.enumerated() { try body(position, action) }
    }

    func entryClasses() -> (Int, MemberSet.Action) -> EntryClass {
        let classes = whole.entryClasses().actions
        return { position, _ in classes[position] }
    }

    func package(of entry: MemberSet.Action, _ names: SelectionNames) -> CompiledPackage? {
        names[entry.output]
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
        let holders = result.holders.intersection(modules.narrowedSources ?? Set(whole.sources.indices))
        let sources = holders.union(modules.namedSources)
        return (result.keepingSources(at: sources), result.frameOrder())
    }

    /// Returns the members of ``result``, with the sources and chunks of the whole set.
    ///
    /// - Parameter isKept: ``keptActions``.
    /// - Returns: The members.
    /// - Complexity: O(*n*) in the members of the whole set.
    func members(_ isKept: BitArray) -> MemberSet {
        var result = modules.members
        result.actions = whole.actions.indices.filter { isKept[$0] }.map { whole.actions[$0] }
        result.dropUnreferredOutputs()
        return result
    }

    /// For each action entry of the whole set, whether it is kept, and no package that goes takes it along.
    var keptActions: BitArray {
        entries.closed { body in
            for (position, action) in whole.actions.enumerated() { body(action.id, isPackage[position]) }
        }
    }
}
