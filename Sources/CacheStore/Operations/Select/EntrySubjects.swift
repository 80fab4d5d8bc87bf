/// The packages and modules that action entries of a set belong to.
struct EntrySubjects: Sendable {
    /// The subject of an action entry.
    enum Subject: Hashable, Sendable {
        /// The entry is this compiled package.
        case package(CompiledPackage)
        /// The entry is the index of this module.
        case module(ModuleKey)
    }

    /// The modules of the set, by the action IDs that their indexes have.
    ///
    /// An ID stands here whether or not the set holds the entry.
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
    /// - Complexity: O(*n*) in the entries, and a SHA-256 per module, version of Go and path of GOMODCACHE.
    init(_ set: MemberSet, _ names: SelectionNames) {
        let environments = set.sources.map(\.environment)
        let roots = Set(environments.map { $0["GOMODCACHE"] }).subtracting([""])
        let versions = Set(environments.flatMap { [$0["GOVERSION"]] + $0.origins.map(\.version) })
        let keys = IndexKeys(versions: versions.subtracting([""]))
        var indexes: [ObjectID: ModuleKey] = [:]
        for module in Set(set.trees.map(\.module) + set.downloads.map(\.module)) {
            for id in keys.modules([module.text], below: roots) { indexes[id] = module }
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
