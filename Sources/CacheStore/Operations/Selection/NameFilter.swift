/// The patterns of a selection for the names of modules and packages.
struct NameFilter {
    private let included: [Glob]
    private let excluded: [Glob]

    /// The patterns that have matched no name yet.
    private(set) var unmatched: Set<Glob>

    // A package has one entry per version and set of flags, but few names.
    private var decisions: [[String]: Bool] = [:]

    /// Creates a filter that has seen no name.
    ///
    /// - Parameters:
    ///   - included: The patterns, at least one of which must match what stays; none for all.
    ///   - excluded: The patterns, none of which may match what stays.
    init(_ included: [Glob], _ excluded: [Glob]) {
        (self.included, self.excluded) = (included, excluded)
        unmatched = Set(included + excluded)
    }

    /// Narrows a selection to the modules and packages that the patterns keep.
    ///
    /// All members of the whole set are looked at, so that other filters do not decide which patterns match.
    ///
    /// - Parameters:
    ///   - selection: The selection.
    ///   - subjects: The modules of its action entries.
    ///   - names: The names of the compiled packages.
    /// - Throws: ``CacheStoreError`` if the members can't be read.
    mutating func apply<Members: NarrowableMembers>(
        to selection: inout Members,
        _ subjects: EntrySubjects,
        _ names: SelectionNames
    ) throws {
        let (whole, members) = (selection.modules.whole, selection)
        try selection.keepEntries { _, entry in
            switch try subjects.subject(of: entry.id, members.package(of: entry, names)) {
            case .package(let package): isKept(package.names)
            case .module(let module): isKept(module)
            case nil: true
            }
        }
        var modules: [ModuleKey: Bool] = [:]
        for module in whole.trees.map(\.module) + whole.downloads.map(\.module)
        where modules[module] == nil {
            modules[module] = isKept(module)
        }
        selection.modules.keep { modules[$0] ?? true }
    }

    /// Warnings about the patterns that match no name of those that were seen, in the order of the patterns'
    /// text.
    var warnings: [Warning] {
        let patterns = unmatched.map(\.pattern).sorted { $0.precedes($1) }
        return patterns.map { pattern in
            Warning(
                code: .unmatchedPattern,
                message: "no module and no package matches the pattern `\(pattern)`\(Self.hint(on: pattern))",
                remedy: .checkPattern
            )
        }
    }

    /// Returns what is wrong with a pattern that is written as other programs have it; empty if nothing is.
    private static func hint(on pattern: String) -> String {
        if pattern.contains(",") { return " (a pattern holds no list; each needs an option of its own)" }
        if pattern.hasSuffix("/...") { return " (`*`, not `...`, stands for any text)" }
        return pattern.hasSuffix("/") ? " (no name ends in `/`)" : ""
    }

    /// Returns whether the patterns keep a module.
    mutating func isKept(_ module: ModuleKey) -> Bool { isKept(Self.names(of: module)) }

    private mutating func isKept(_ names: [String]) -> Bool {
        if let known = decisions[names] { return known }
        func matches(_ glob: Glob) -> Bool { names.contains { glob.matches($0) } }
        let result =
            (included.isEmpty || included.contains(where: matches)) && !excluded.contains(where: matches)
        for glob in unmatched where matches(glob) { unmatched.remove(glob) }
        decisions[names] = result
        return result
    }

    /// Returns the names of a module that patterns may match, with and without the escapes of GOMODCACHE.
    private static func names(of module: ModuleKey) -> [String] {
        let names = [PackageOwners.path(of: module), module.unescaped]
        return names[1] == module.text ? names : names + [module.path, module.text]
    }
}
