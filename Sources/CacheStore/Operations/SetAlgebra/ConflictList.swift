/// The keys that inputs hold with different values.
struct ConflictList: Sendable {
    /// A kind of member and its name.
    struct Key: Hashable, Sendable {
        var kind: Member.Kind
        var name: String
    }

    private var values: [Key: Set<String>] = [:]
    private var kept: [Key: String] = [:]

    /// Notes values of one key, the kept one among them.
    mutating func note(_ kind: Member.Kind, _ name: String, _ found: [String], kept value: String? = nil) {
        let key = Key(kind: kind, name: name)
        values[key, default: []].formUnion(found)
        if let value { kept[key] = value }
    }

    /// Fills in what was kept of all keys that were noted without it.
    mutating func settle(_ keptValue: (Key) -> String) {
        for key in values.keys where kept[key] == nil { kept[key] = keptValue(key) }
    }

    /// The conflicts, ordered by kind and name.
    var list: [UnionReport.Conflict] {
        values.map { key, values in
            let kept = kept[key] ?? ""
            return UnionReport.Conflict(
                kind: key.kind,
                name: key.name,
                kept: kept,
                dropped: values.subtracting([kept]).sorted { $0.precedes($1) }
            )
        }
        .sorted { ($0.kind.rawValue, $0.name) < ($1.kind.rawValue, $1.name) }
    }
}
