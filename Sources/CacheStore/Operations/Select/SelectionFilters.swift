import SystemPackage

/// The filters of a selection, with all that they need besides the members.
struct SelectionFilters: Sendable {
    private let options: Select.Options
    private let log: UseLog?
    private let others: [Archive]

    /// Opens the archives and reads the logs that filters name.
    ///
    /// - Throws: ``CacheStoreError``: the errors of opening an archive and of reading a log.
    init(_ options: Select.Options) throws(CacheStoreError) {
        self.options = options
        log = options.usedLogs.isEmpty ? nil : try Self.log(options.usedLogs)
        others = try options.heldIn.opened()
    }

    /// Reads logs, which need not be those of the job that packs.
    private static func log(_ paths: [FilePath]) throws(CacheStoreError) -> UseLog {
        do throws(CacheStoreError) {
            return try UseLog(besides: paths)
        } catch {
            throw error.remedy == .logUse ? error.advising(.logUseToSelect) : error
        }
    }

    /// Whether filters ask for the names of compiled packages.
    var needsNames: Bool { options.needsNames }

    /// Whether no filter is set.
    var keepsAll: Bool { options.keepsAll }

    /// The length that the archive may have, in bytes; `nil` for any.
    var maximumBytes: Int? { options.maximumBytes }

    /// Refuses an output that would replace an archive of which it holds only a part.
    ///
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/badArgument``, or as the system says.
    func checkOutput(_ path: FilePath) throws(CacheStoreError) {
        try path.check(
            asOutputBeside: others.map(\.path),
            "the new archive is to hold only members that this one has, too, so it can't take its place"
        )
    }

    /// Applies the filters.
    ///
    /// - Parameters:
    ///   - whole: The members of the union.
    ///   - names: The names of the compiled packages, if filters ask for them.
    ///   - check: Called from time to time; an error that it throws ends the work.
    /// - Returns: The selection, and warnings about patterns that match nothing.
    /// - Throws: The error of `check`, or ``CacheStoreError`` for an unknown label, or if an archive can't be
    ///   read.
    func selection(
        of whole: MemberSet,
        _ names: SelectionNames?,
        check: () throws -> Void
    ) throws -> (selection: MemberSelection, warnings: [Warning]) {
        var selection = MemberSelection(whole)
        var warnings: [Warning] = []
        if let only = options.only { try selection.keep(heldByAny: only) }
        if let labels = options.sharedBy { try selection.keep(heldByAll: labels) }
        for other in others { selection.keep(keysOf: try other.members().set) }
        keepClasses(in: &selection)
        if let names {
            let owners = try EntrySubjects(whole, names, logged: log?.actions ?? [], check: check)
            if !options.included.isEmpty || !options.excluded.isEmpty {
                var filter = NameFilter(options.included, options.excluded)
                filter.apply(to: &selection, owners)
                warnings = filter.warnings
            }
            if let log { keepUsed(log, in: &selection, owners) }
        }
        return (selection, warnings)
    }

    private func keepClasses(in selection: inout MemberSelection) {
        guard options.kept != nil || !options.dropped.isEmpty else { return }
        // The entries that stay must have the same classes when they are selected again.
        selection.takeAllDerived()
        let classes = selection.whole.entryClasses().actions
        selection.keepActions { index in
            !options.dropped.contains(classes[index]) && options.kept?.contains(classes[index]) ?? true
        }
    }

    // MARK: - Use

    private func keepUsed(
        _ log: UseLog,
        in selection: inout MemberSelection,
        _ subjects: EntrySubjects
    ) {
        let whole = selection.whole
        let indexes = subjects.indexes
        // If Go has used no index, it may have built under another path, of which nothing is known here.
        let used = Set(indexes.filter { log.actions.contains($0.key) }.values)
        var (compiled, usedCompiled): (Set<String>, Set<String>) = ([], [])
        var known: Set<ModuleKey> = []
        for (index, action) in whole.actions.enumerated() {
            switch subjects[index] {
            case .package(let package):
                guard let module = package.module else { continue }
                let name = "\(module.path)@\(module.version)"
                compiled.insert(name)
                if log.actions.contains(action.id) { usedCompiled.insert(name) }
            case .module(let module): if !used.isEmpty { known.insert(module) }
            case nil: break
            }
        }
        selection.keepActions { log.actions.contains(whole.actions[$0].id) }
        selection.keepModules { module in
            let name = module.unescaped
            return used.contains(module) || usedCompiled.contains(name)
                || !(known.contains(module) || compiled.contains(name))
        }
    }
}
