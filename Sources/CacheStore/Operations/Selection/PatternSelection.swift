/// The members of one archive that patterns for names keep.
///
/// They are those that a ``Select`` of the archive keeps with the same patterns and labels.
struct PatternSelection: Sendable {
    /// The members, with the sources and chunks of the archive.
    let set: MemberSet

    /// A bit per action entry of the archive, in the order of its index: whether the entry stays.
    let keepsAction: BitArray

    /// Warnings about the patterns that match nothing.
    let warnings: [Warning]

    /// The patterns that match nothing.
    let unmatched: Set<Glob>

    /// Chooses the members; the result is `nil` without patterns.
    ///
    /// - Parameters:
    ///   - archive: The archive.
    ///   - labels: The labels of the sources whose members stay; `nil` for all.
    ///   - included: See ``NameFilter``.
    ///   - excluded: See ``NameFilter``.
    ///   - toleratesDamage: Whether a package whose content is damaged counts as one without a name, instead
    ///     of ending the work with an error.
    ///   - jobs: The number of threads, or `nil` for one per processor.
    ///   - counters: The counters to add to.
    /// - Throws: ``CacheStoreError`` (the errors of ``SelectionNames``, or
    ///   ``CacheStoreError/Code/badArgument`` for an unknown label), or `CancellationError`.
    /// - Complexity: The time of an ``Explain``, and memory for all members.
    init?(
        of archive: Archive,
        only labels: [String]?,
        _ included: [Glob],
        _ excluded: [Glob],
        toleratesDamage: Bool = false,
        jobs: Int?,
        _ counters: ProgressCounters
    ) async throws {
        guard !included.isEmpty || !excluded.isEmpty else { return nil }
        let names = try await SelectionNames(
            in: [archive],
            toleratesDamage: toleratesDamage,
            jobs: jobs,
            counters
        )
        self = try await WorkerThreads.performCancellable { cancellation in
            var selection = MemberSelection(try archive.members().set)
            if let labels { try selection.keep(heldByAny: labels) }
            let subjects = try EntrySubjects(selection.whole) { try cancellation.check() }
            var filter = NameFilter(included, excluded)
            try filter.apply(to: &selection, subjects, names)
            return PatternSelection(selection, filter)
        }
    }

    private init(_ selection: MemberSelection, _ filter: NameFilter) {
        keepsAction = selection.keptActions
        set = selection.members(keepsAction)
        (warnings, unmatched) = (filter.warnings, filter.unmatched)
    }
}
