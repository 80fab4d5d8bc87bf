import CacheStore

extension HumanFormat {
    /// Returns lines that count the members that were left out because they are damaged; none for none.
    ///
    /// The warnings name the members.
    static func leftOut(_ members: [DamagedMember]) -> [String] {
        guard !members.isEmpty else { return [] }
        let entries = members.reduce(0) { $0 + $1.entries }
        let with = entries == 0 ? "" : " and \(count(entries, "action entry", "action entries"))"
        return ["", "left out \(count(members.count, "damaged member", "damaged members"))\(with)"]
    }
}
