/// A choice of some action entries of a set, by their positions, which filters only ever narrow.
///
/// A position takes two bits.
struct EntrySelection: Sendable {
    /// For each entry, whether a filter so far drops it.
    private var isGone: BitArray

    /// For each entry that goes, whether it takes along the entries whose IDs Go derives from its ID, if it
    /// is a compiled package.
    private var takesDerived: BitArray
    private var takesAny = false

    /// Begins with all entries.
    init(count: Int) { (isGone, takesDerived) = (BitArray(count: count), BitArray(count: count)) }

    // MARK: - Filters

    /// Drops the entry at a position.
    ///
    /// - Parameters:
    ///   - position: The position.
    ///   - takesDerived: Whether a package takes along the entries that Go derives from its ID.
    mutating func drop(_ position: Int, takingDerived takesDerived: Bool = true) {
        isGone[position] = true
        guard takesDerived else { return }
        self.takesDerived[position] = true
        takesAny = true
    }

    /// Keeps the entries for which `isKept` returns `true`, given their positions.
    ///
    /// - Parameters:
    ///   - takesDerived: Whether a package that goes takes along the entries that Go derives from its ID.
    ///   - isKept: Returns whether the entry at a position is kept.
    mutating func keep(takingDerived takesDerived: Bool = true, _ isKept: (Int) -> Bool) {
        for position in 0..<isGone.count where !isKept(position) {
            drop(position, takingDerived: takesDerived)
        }
    }

    /// Lets each package that goes so far take along the entries whose IDs Go derives from its ID.
    ///
    /// Such an entry has a class of its own only beside its package.
    mutating func takeAllDerived() {
        for position in 0..<isGone.count where isGone[position] { drop(position) }
    }

    // MARK: - The result

    /// Finds the entries that all filters keep and that no package takes along.
    ///
    /// Of several packages with one ID, none takes anything along while one of them stays.
    ///
    /// - Parameter forEach: Calls the closure that it is given with each entry in the order of the
    ///   positions, which is that of the IDs: the ID, and whether the entry is a compiled package. It is
    ///   called several times, with the same entries.
    /// - Returns: For each position, whether the entry stays.
    /// - Throws: The error of `forEach`.
    /// - Complexity: At most four passes, and three hashes per package that goes; memory for the table of
    ///   ``EntryRoles``, and 32 bytes per package that takes entries along.
    func closed(
        _ forEach: (_ body: (_ id: ObjectID, _ isPackage: Bool) -> Void) throws -> Void
    ) rethrows -> BitArray {
        var isKept = BitArray(count: isGone.count)
        for position in 0..<isGone.count where !isGone[position] { isKept[position] = true }
        guard takesAny else { return isKept }
        var orphans = EntryRoles(count: isGone.count)
        for id in try packagesThatTake(forEach, into: &orphans) { orphans.insertPackage(id) }
        orphans.seal()
        var found = try Self.drop(orphans, forEach, from: &isKept)
        guard !found.isEmpty else { return isKept }
        // Only a hostile archive has packages there, which take others along in turn.
        var packages: Set<ObjectID> = []
        try forEach { id, isPackage in
            if isPackage { packages.insert(id) }
        }
        var taken = Set(found)
        while let id = found.popLast() {
            orphans.insertPackage(id)
            for (derived, _) in EntryRoles.derived(from: id)
            where packages.contains(derived) && taken.insert(derived).inserted {
                found.append(derived)
            }
        }
        orphans.seal()
        _ = try Self.drop(orphans, forEach, from: &isKept)
        return isKept
    }

    /// Returns the IDs of the packages that take entries along, and inserts all entries into a table.
    private func packagesThatTake(
        _ forEach: (_ body: (_ id: ObjectID, _ isPackage: Bool) -> Void) throws -> Void,
        into entries: inout EntryRoles
    ) rethrows -> [ObjectID] {
        var result: [ObjectID] = []
        var position = 0
        // Entries with one ID follow each other.
        var last: ObjectID?
        var (takes, stays) = (false, false)
        try forEach { id, isPackage in
            if id != last {
                if let last, takes, !stays { result.append(last) }
                (last, takes, stays) = (id, false, false)
                entries.insert(id)
            }
            if isPackage {
                if !isGone[position] { stays = true }
                if takesDerived[position] { takes = true }
            }
            position += 1
        }
        if let last, takes, !stays { result.append(last) }
        return result
    }

    /// Drops the entries that stand in a table.
    ///
    /// - Returns: The IDs of the packages among them.
    private static func drop(
        _ orphans: EntryRoles,
        _ forEach: (_ body: (_ id: ObjectID, _ isPackage: Bool) -> Void) throws -> Void,
        from isKept: inout BitArray
    ) rethrows -> [ObjectID] {
        var packages: [ObjectID] = []
        var position = 0
        try forEach { id, isPackage in
            if orphans.role(of: id) != nil {
                isKept[position] = false
                if isPackage { packages.append(id) }
            }
            position += 1
        }
        return packages
    }
}
