/// The packages and modules that action entries of a set belong to.
struct EntrySubjects: Sendable {
    /// The subject of an action entry.
    enum Subject: Hashable, Sendable {
        /// The entry is this compiled package.
        case package(CompiledPackage)
        /// The entry is the index of this module.
        case module(ModuleKey)
    }

    /// The modules of the set, by the action IDs of those of their indexes that the set holds or a log names.
    let indexes: [ObjectID: ModuleKey]

    private let subjects: [Int: Subject]

    /// Finds the subjects.
    ///
    /// The IDs of indexes are computed for the versions of Go and the paths of GOMODCACHE that the sources
    /// record. The index of a module under another path has no subject.
    ///
    /// - Parameters:
    ///   - set: The members.
    ///   - names: The names of the compiled packages.
    ///   - logged: The IDs of entries that a log names.
    ///   - check: Called for each module; an error that it throws ends the work.
    /// - Throws: The error of `check`.
    /// - Complexity: O(*n*) in the entries, and a SHA-256 per module and per version of Go of each source.
    init(
        _ set: MemberSet,
        _ names: SelectionNames,
        logged: Set<ObjectID> = [],
        check: () throws -> Void
    ) throws {
        let wanted = Set(set.actions.map(\.id)).union(logged)
        var places: [String: Set<String>] = [:]
        for environment in set.sources.map(\.environment) where !environment["GOMODCACHE"].isEmpty {
            let versions = [environment["GOVERSION"]] + environment.origins.map(\.version)
            places[environment["GOMODCACHE"], default: []].formUnion(versions.filter { !$0.isEmpty })
        }
        var indexes: [ObjectID: ModuleKey] = [:]
        for module in Set(set.trees.map(\.module) + set.downloads.map(\.module)) {
            try check()
            for (root, versions) in places {
                let ids = IndexKeys(versions: versions).modules([module.text], below: [root])
                for id in ids where wanted.contains(id) { indexes[id] = module }
            }
        }
        var subjects: [Int: Subject] = [:]
        for (index, action) in set.actions.enumerated() {
            if let module = indexes[action.id] {
                subjects[index] = .module(module)
            } else if let package = names[action.output] {
                subjects[index] = .package(package)
            }
        }
        (self.indexes, self.subjects) = (indexes, subjects)
    }

    /// The subject of the entry at a position, or `nil` for an entry that belongs to nothing that has a name,
    /// or that Go derives from the entry of a package.
    subscript(index: Int) -> Subject? { subjects[index] }
}
