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
        log = options.usedLogs.isEmpty ? nil : try UseLog(besides: options.usedLogs)
        others = try options.heldIn.opened()
    }

    /// Whether filters ask for the names of compiled packages.
    var needsNames: Bool { options.needsNames }

    /// The length that the archive may have, in bytes; `nil` for any.
    var maximumBytes: Int? { options.maximumBytes }

    /// Applies the filters.
    ///
    /// - Parameters:
    ///   - whole: The members of the union.
    ///   - names: The names of the compiled packages, if filters ask for them.
    /// - Returns: The selection.
    /// - Throws: ``CacheStoreError`` for an unknown label, or if an archive can't be read.
    func selection(of whole: MemberSet, _ names: SelectionNames?) throws -> MemberSelection {
        var selection = MemberSelection(whole)
        if let only = options.only { try selection.keep(heldByAny: only) }
        if let labels = options.sharedBy { try selection.keep(heldByAll: labels) }
        for other in others { selection.keep(keysOf: try other.members().set) }
        keepClasses(in: &selection)
        if let names {
            let owners = EntrySubjects(whole, names)
            if !options.included.isEmpty || !options.excluded.isEmpty {
                keepNamed(in: &selection, owners)
            }
            if let log { keepUsed(log, in: &selection, owners) }
        }
        return selection
    }

    private func keepClasses(in selection: inout MemberSelection) {
        guard options.kept != nil || !options.dropped.isEmpty else { return }
        let classes = selection.whole.entryClasses().actions
        selection.keepActions { index in
            !options.dropped.contains(classes[index]) && options.kept?.contains(classes[index]) ?? true
        }
    }

    // MARK: - Names

    private func keepNamed(in selection: inout MemberSelection, _ subjects: EntrySubjects) {
        let (included, excluded) = (options.included, options.excluded)
        func isKept(_ names: [String]) -> Bool {
            func matches(_ glob: Glob) -> Bool { names.contains { glob.matches($0) } }
            return (included.isEmpty || included.contains(where: matches))
                && !excluded.contains(where: matches)
        }
        var modules: [ModuleKey: Bool] = [:]
        func isKept(_ module: ModuleKey) -> Bool {
            if let known = modules[module] { return known }
            let result = isKept(Self.names(of: module))
            modules[module] = result
            return result
        }
        // A package has one entry per version and set of flags, but few names.
        var packages: [[String]: Bool] = [:]
        selection.keepActions { index in
            switch subjects[index] {
            case .package(let package):
                let names = package.names
                if let known = packages[names] { return known }
                let result = isKept(names)
                packages[names] = result
                return result
            case .module(let module): return isKept(module)
            case nil: return true
            }
        }
        selection.keepModules { isKept($0) }
    }

    /// Returns the names of a module that patterns may match, with and without the escapes of GOMODCACHE.
    private static func names(of module: ModuleKey) -> [String] {
        let names = [PackageOwners.path(of: module), module.unescaped]
        return names[1] == module.text ? names : names + [module.path, module.text]
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
