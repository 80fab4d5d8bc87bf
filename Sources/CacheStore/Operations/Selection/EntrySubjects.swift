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
    let indexes: [ObjectID: ModuleKey]

    /// Finds the IDs of the indexes of modules.
    ///
    /// The IDs are computed for the versions of Go and the paths of GOMODCACHE that the sources record. The
    /// index of a module under another path has no subject.
    ///
    /// - Parameters:
    ///   - set: The members of GOMODCACHE, and the sources.
    ///   - check: Called for each module; an error that it throws ends the work.
    /// - Throws: The error of `check`.
    /// - Complexity: A SHA-256 per module and per version of Go of each source, in time and memory.
    init(_ set: MemberSet, check: () throws -> Void) throws {
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
                for id in ids { indexes[id] = module }
            }
        }
        self.indexes = indexes
    }

    /// Returns the subject of an entry, or `nil` for an entry that belongs to nothing that has a name, or
    /// that Go derives from the entry of a package.
    ///
    /// - Parameters:
    ///   - id: The action ID.
    ///   - package: The compiled package in the output, if the output is one and states its name.
    /// - Returns: The subject.
    /// - Throws: The error of `package`.
    func subject(
        of id: ObjectID,
        _ package: @autoclosure () throws -> CompiledPackage?
    ) rethrows -> Subject? {
        if let module = indexes[id] { return .module(module) }
        return try package().map { .package($0) }
    }
}
