/// The names of the entries in one of the 256 directories of GOCACHE, in four bytes each.
struct EntryNames: Sendable {
    /// The sorted keys: bits of the IDs, and a last bit that tells outputs from action entries.
    private let keys: [UInt32]

    /// Takes the names of a directory, and ignores those that no entry can have.
    init(_ names: [String]) {
        var keys: [UInt32] = []
        keys.reserveCapacity(names.count)
        for name in names {
            let bytes = Array(name.utf8)
            let digits = 2 * ObjectID.byteCount
            guard bytes.count == digits + 2, bytes[digits] == UInt8(ascii: "-"),
                let id = ObjectID(hexadecimal: bytes.span.extracting(first: digits))
            else { continue }
            switch bytes[digits + 1] {
            case UInt8(ascii: "a"): keys.append(Self.key(id, isOutput: false))
            case UInt8(ascii: "d"): keys.append(Self.key(id, isOutput: true))
            default: continue
            }
        }
        keys.sort()
        self.keys = keys
    }

    /// Whether no entry is there.
    var isEmpty: Bool { keys.isEmpty }

    /// Returns whether an entry may be there; `false` means that it is certainly not there.
    func mayContain(_ id: ObjectID, isOutput: Bool) -> Bool {
        let key = Self.key(id, isOutput: isOutput)
        var (low, high) = (0, keys.count)
        while low < high {
            let middle = (low + high) / 2
            if keys[middle] < key { low = middle + 1 } else { high = middle }
        }
        return low < keys.count && keys[low] == key
    }

    /// Returns an entry's key: bytes of its ID after the first byte, which names the directory.
    ///
    /// The last bit tells outputs from action entries.
    private static func key(_ id: ObjectID, isOutput: Bool) -> UInt32 {
        UInt32(truncatingIfNeeded: id.prefix.0 >> 24) & ~1 | (isOutput ? 1 : 0)
    }
}
