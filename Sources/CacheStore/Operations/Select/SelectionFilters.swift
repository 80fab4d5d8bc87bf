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

    /// Whether filters weigh members against each other, so that all of them must be in memory.
    var needsMemory: Bool { options.maximumBytes != nil }

    /// The length that the archive may have, in bytes; `nil` for any.
    var maximumBytes: Int? { options.maximumBytes }

    /// Refuses an output that would replace an archive of which it holds only a part, or a log.
    ///
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/badArgument``, or as the system says.
    func checkOutput(_ path: FilePath) throws(CacheStoreError) {
        try path.check(
            asOutputBeside: others.map(\.path),
            "the new archive is to hold only members that this one has, too, so it can't take its place"
        )
        try UseLog.check(output: path, besides: options.usedLogs)
    }

    /// Applies the filters.
    ///
    /// The limit of the size is no part of them.
    ///
    /// - Parameters:
    ///   - selection: The members of the union.
    ///   - names: The names of the compiled packages, if filters ask for them.
    ///   - check: Called from time to time; an error that it throws ends the work.
    /// - Returns: Warnings about patterns that match nothing.
    /// - Throws: The error of `check`, or ``CacheStoreError`` for an unknown label, or if an archive can't be
    ///   read.
    func apply(
        to selection: inout some NarrowableMembers,
        _ names: SelectionNames?,
        check: () throws -> Void
    ) throws -> [Warning] {
        var warnings: [Warning] = []
        if let only = options.only { try selection.keep(heldByAny: only) }
        if let labels = options.sharedBy { try selection.keep(heldByAll: labels) }
        for other in others { try selection.keep(keysOf: other) }
        if options.kept != nil || !options.dropped.isEmpty {
            try selection.keep(classes: {
                !options.dropped.contains($0) && options.kept?.contains($0) ?? true
            })
        }
        if let names {
            let owners = try EntrySubjects(selection.modules.whole, check: check)
            if !options.included.isEmpty || !options.excluded.isEmpty {
                var filter = NameFilter(options.included, options.excluded)
                try filter.apply(to: &selection, owners, names)
                warnings = filter.warnings
            }
            if let log { try keepUsed(log, in: &selection, owners, names) }
        }
        return warnings
    }

    // MARK: - Use

    private func keepUsed(
        _ log: UseLog,
        in selection: inout some NarrowableMembers,
        _ subjects: EntrySubjects,
        _ names: SelectionNames
    ) throws {
        let members = selection
        let indexes = subjects.indexes
        // If Go has used no index, it may have built under another path, of which nothing is known here.
        let used = Set(indexes.filter { log.actions.contains($0.key) }.values)
        var (compiled, usedCompiled): (Set<String>, Set<String>) = ([], [])
        var known: Set<ModuleKey> = []
        try selection.keepEntries { _, entry in
            let isUsed = log.actions.contains(entry.id)
            switch try subjects.subject(of: entry.id, members.package(of: entry, names)) {
            case .package(let package):
                guard let module = package.module else { break }
                let name = "\(module.path)@\(module.version)"
                compiled.insert(name)
                if isUsed { usedCompiled.insert(name) }
            case .module(let module): if !used.isEmpty { known.insert(module) }
            case nil: break
            }
            return isUsed
        }
        selection.modules.keep { module in
            let name = module.unescaped
            return used.contains(module) || usedCompiled.contains(name)
                || !(known.contains(module) || compiled.contains(name))
        }
    }
}
