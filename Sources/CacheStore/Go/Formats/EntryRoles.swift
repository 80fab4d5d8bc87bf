/// A table of the entries whose IDs Go derives from the IDs of compiled packages, with their roles.
///
/// All entries must be inserted first, then the packages among them. The table takes 1 to 2 bytes per entry,
/// and 16 bytes per derived entry that is there. It tells derived entries apart by 126 bits of a SHA-256.
struct EntryRoles {
    private static let names: [(name: String, role: EntryClass)] = [
        ("stdout", .stdout), ("link-stdout", .stdout), ("srcfiles", .sources),
    ]

    /// One bit per value of a part of an ID; an entry with that ID can be there only if the bit is set.
    private var filter: BitArray
    private let mask: UInt64
    private var found: [UInt128] = []

    /// Creates a table without entries.
    ///
    /// - Parameter count: The number of entries, at least approximately.
    init(count: Int) {
        var size = 1024
        while size < 8 * count { size *= 2 }
        filter = BitArray(count: size)
        mask = UInt64(size - 1)
    }

    private func position(of id: ObjectID) -> Int { Int(id.prefix.0 & mask) }

    /// Inserts an entry.
    mutating func insert(_ id: ObjectID) { filter[position(of: id)] = true }

    /// Inserts an entry that is a compiled package, after all entries have been inserted.
    mutating func insertPackage(_ id: ObjectID) {
        for (index, (derived, _)) in Self.derived(from: id).enumerated() {
            if filter[position(of: derived)] { found.append(Self.key(of: derived) | UInt128(index)) }
        }
    }

    /// Returns the IDs that Go derives from the ID of a compiled package, each with its role.
    static func derived(from id: ObjectID) -> [(id: ObjectID, role: EntryClass)] {
        names.map { (EntryClassifier.subkey(of: id, $0.name), $0.role) }
    }

    /// Ends the insertions, so that ``role(of:)`` can be called.
    mutating func seal() { found.sort() }

    /// Returns the role of an entry, or `nil` if its ID is not derived from that of a package.
    func role(of id: ObjectID) -> EntryClass? {
        let key = Self.key(of: id)
        var (low, high) = (0, found.count)
        while low < high {
            let middle = (low + high) / 2
            if found[middle] < key { low = middle + 1 } else { high = middle }
        }
        guard low < found.count, found[low] & ~3 == key else { return nil }
        return Self.names[Int(found[low] & 3)].role
    }

    /// Returns the first 126 bits of an ID, above two bits that can hold the number of a role.
    private static func key(of id: ObjectID) -> UInt128 {
        (UInt128(id.prefix.0) << 64 | UInt128(id.prefix.1)) & ~3
    }

    /// Returns the class of an entry: that of its role or, without a role, that of its output.
    func entryClass(of id: ObjectID, output: EntryClass, isEmpty: Bool) -> EntryClass {
        guard let role = role(of: id) else { return output }
        return role == .stdout && isEmpty ? .emptyStdout : role
    }
}
