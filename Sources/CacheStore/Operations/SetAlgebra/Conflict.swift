/// A member whose value Go's checksums make unique, but of which archives hold different values.
struct Conflict {
    /// The member, by its kind and name.
    let member: String

    /// The values in words, each with the archives that hold it, ordered by the archives.
    let holders: [(value: String, archives: [String])]

    /// Finds the first conflict in the canonical order of members, whatever the order of the sets.
    ///
    /// The result is `nil` if there is none.
    ///
    /// - Parameter inputs: The sets, each with the name of its archive for messages.
    /// - Complexity: O(*n* log *n*) in the members of GOMODCACHE; it is called only where a union has failed.
    init?(among inputs: [(name: String, set: MemberSet)]) {
        var values: [Key: [String: Set<String>]] = [:]
        for (name, set) in inputs {
            for (key, value) in Self.uniqueValues(of: set) {
                values[key, default: [:]][value, default: []].insert(name)
            }
        }
        guard let (key, found) = values.filter({ $1.count > 1 }).min(by: { $0.key < $1.key }) else {
            return nil
        }
        member = key.member
        holders = found.map { (value: $0, archives: $1.sorted { $0.precedes($1) }) }
            .sorted { $0.archives[0].precedes($1.archives[0]) }
    }

    private struct Key: Hashable, Comparable {
        var rank: Int
        var member: String

        static func < (lhs: Self, rhs: Self) -> Bool {
            lhs.rank == rhs.rank ? lhs.member.precedes(rhs.member) : lhs.rank < rhs.rank
        }
    }

    private static func uniqueValues(of set: MemberSet) -> [(Key, String)] {
        func id(_ bytes: [UInt8]) -> String { "SHA-256 \(ContentHasher.hash(bytes.span))" }
        var values = set.trees.map { tree in
            (Key(rank: 0, member: "tree \(tree.module.text)"), ModuleHash.text(of: tree.h1))
        }
        for download in set.downloads where download.kind != .info {
            guard case .bytes(let bytes) = download.content else { continue }
            let text = download.kind == .ziphash ? String(decoding: bytes, as: UTF8.self) : id(bytes)
            values.append((Key(rank: 1, member: download.memberName), text))
        }
        for file in set.checksumFiles where !file.isLookup {
            values.append((Key(rank: 2, member: file.memberName), id(file.bytes)))
        }
        return values
    }

    /// The error for the conflict.
    var error: CacheStoreError {
        let parts = holders.map { "\($0.value) in \($0.archives.joined(separator: ", "))" }
        return CacheStoreError(
            .conflict,
            "Go's checksums allow one value of this member, but the inputs hold "
                + "\(parts.joined(separator: ", and ")): builds with one of them would run other code than "
                + "go.sum names",
            member: member,
            remedy: .compareWithGoSum
        )
    }
}

extension CacheStoreError {
    /// Returns a conflict in words that name all archives and values; any other error stays as it is.
    ///
    /// - Parameter inputs: The sets, each with the name of its archive for messages.
    /// - Returns: The error.
    func naming(_ inputs: [(name: String, set: MemberSet)]) -> CacheStoreError {
        code == .conflict ? Conflict(among: inputs)?.error ?? self : self
    }
}
