/// The entries whose IDs Go derives from those of compiled packages, and what they are for.
///
/// First all entries are named, then the packages among them. It takes a byte an entry, and 16 a derived entry that is
/// there: 126 bits of a SHA-256 tell which.
struct EntryRoles {
    private static let names: [(name: String, role: EntryClass)] = [
        ("stdout", .stdout), ("link-stdout", .stdout), ("srcfiles", .sources),
    ]

    /// Bits of the entries that may be there, by a part of their IDs.
    private var filter: BitArray
    private let mask: UInt64
    private var found: [UInt128] = []

    /// Begins with no entries.
    ///
    /// - Parameter count: The number of entries, at least about.
    init(count: Int) {
        var size = 1024
        while size < 8 * count { size *= 2 }
        filter = BitArray(count: size)
        mask = UInt64(size - 1)
    }

    private func position(of id: ObjectID) -> Int { Int(id.prefix.0 & mask) }

    /// Names an entry.
    mutating func insert(_ id: ObjectID) { filter[position(of: id)] = true }

    /// Names an entry that is a compiled package; all entries have been named.
    mutating func insertPackage(_ id: ObjectID) {
        for (index, (name, _)) in Self.names.enumerated() {
            let derived = EntryClassifier.subkey(of: id, name)
            if filter[position(of: derived)] { found.append(Self.key(of: derived) | UInt128(index)) }
        }
    }

    /// Ends the packages.
    mutating func seal() { found.sort() }

    /// What an entry is for, or `nil` if it is not derived from a package's.
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

    /// The first bits of an ID; the two below them hold the number of a role.
    private static func key(of id: ObjectID) -> UInt128 {
        (UInt128(id.prefix.0) << 64 | UInt128(id.prefix.1)) & ~3
    }

    /// The class of an entry that has no role but that of its output.
    func entryClass(of id: ObjectID, output: EntryClass, isEmpty: Bool) -> EntryClass {
        guard let role = role(of: id) else { return output }
        return role == .stdout && isEmpty ? .emptyStdout : role
    }
}
