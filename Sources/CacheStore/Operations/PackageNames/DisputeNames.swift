import SystemPackage

/// The lookup of the packages that disputed actions belong to.
///
/// Entries of GOCACHE carry no names. A compiled package states its own; the entries that Go derives from its
/// ID (its text of the compiler, its list of sources) have that package's name.
struct DisputeNames {
    /// The archives, whose indexes are known to have their SHA-256.
    let archives: [Archive]

    /// An output to be read, and the archives that hold it.
    private struct Wanted {
        var output: ObjectID
        var inputs: [Int]
    }

    /// Returns disputes with their packages.
    ///
    /// - Parameters:
    ///   - actions: The disputed actions.
    ///   - check: Called before each package is read; an error that it throws ends the work.
    /// - Returns: The disputes, in the same order. A package that is damaged in all archives has no name.
    /// - Throws: The error of `check`, or ``CacheStoreError``.
    /// - Complexity: O(*n*) in the bytes of the disputed packages, without the parts that need not be read;
    ///   and O(*n*) in the action entries of all archives, if entries of other classes are disputed.
    func named(_ actions: [DisputedAction], check: () throws -> Void) throws -> [ActionDispute] {
        let packages: Set<EntryClass> = [.package, .main]
        let others = actions.filter { !packages.contains($0.contentClass) }
        let parents = try parents(of: Set(others.map(\.id)), check)
        var wanted: [[Wanted]] = []
        var classes: [EntryClass] = []
        for action in actions {
            if let parent = parents[action.id] {
                let isEmpty = action.sides.allSatisfy { $0.size == 0 }
                classes.append(parent.role == .stdout && isEmpty ? .emptyStdout : parent.role)
                wanted.append([parent.package])
            } else {
                classes.append(action.contentClass)
                let sides = packages.contains(action.contentClass) ? action.sides : []
                wanted.append(sides.map { Wanted(output: $0.output, inputs: $0.inputs) })
            }
        }
        let names = try names(of: wanted, check)
        let paths = archives.map(\.path)
        return actions.indices.map { actions[$0].dispute(classes[$0], names[$0], in: paths) }
    }

    /// Finds the entries from which Go derived the IDs of others.
    private func parents(
        of ids: Set<ObjectID>,
        _ check: () throws -> Void
    ) throws -> [ObjectID: (role: EntryClass, package: Wanted)] {
        var found: [ObjectID: (role: EntryClass, package: Wanted)] = [:]
        guard !ids.isEmpty else { return found }
        for (number, archive) in archives.enumerated() {
            try check()
            let index = try archive.index(isChecked: true)
            let actions = try ActionCursor(index)
            while let row = try actions.next() {
                for (derived, role) in EntryRoles.derived(from: row.id) where ids.contains(derived) {
                    let output = try index.output(row.output).id
                    if found[derived]?.package.output == output {
                        found[derived]?.package.inputs.append(number)
                    } else if found[derived] == nil {
                        found[derived] = (role, Wanted(output: output, inputs: [number]))
                    }
                }
            }
        }
        return found
    }

    /// Reads the names that packages state; the first of several outputs that states a name decides.
    private func names(of wanted: [[Wanted]], _ check: () throws -> Void) throws -> [String?] {
        var names = [String?](repeating: nil, count: wanted.count)
        for (number, archive) in archives.enumerated() {
            let places = wanted.indices.filter { index in
                names[index] == nil && wanted[index].contains { $0.inputs.contains(number) }
            }
            guard !places.isEmpty else { continue }
            do {
                let reader = try PackageReader(archive)
                for place in places {
                    for output in wanted[place] where output.inputs.contains(number) && names[place] == nil {
                        try check()
                        names[place] = try reader.package(output.output)?.title
                    }
                }
            } catch let error as SQLiteError {
                throw IndexSchema.unreadable(error, path: archive.path)
            }
        }
        return names
    }
}

/// A reader of single packages of an archive.
private final class PackageReader {
    private let lookup: IndexLookup
    private var reader: ChunkReader

    init(_ archive: Archive) throws {
        lookup = try IndexLookup(archive)
        reader = try ChunkReader(archive)
    }

    /// Returns the description in a compiled package.
    ///
    /// The result is `nil` for an output that is no package, is absent, or is damaged: another archive may
    /// have a sound copy, and to check content is not this reader's purpose.
    func package(_ output: ObjectID) throws -> CompiledPackage? {
        do {
            guard let stream = try lookup.output(output) else { return nil }
            return try CompiledPackage.read(size: stream.size) { range in
                var bytes: [UInt8] = []
                bytes.reserveCapacity(range.count)
                try reader.read(range, of: stream.chunks) { bytes += $0 }
                return bytes
            }
        } catch let error as CacheStoreError where error.code == .corruptArchive {
            return nil
        }
    }
}
