/// The members of one set that another set lacks, or holds with another value.
struct MemberChanges: Sendable {
    let set: MemberSet

    private var isShared: [Member.Kind: [Bool]]

    /// Compares a set with another set.
    init(of set: MemberSet, from other: MemberSet) {
        self.set = set
        func flags(_ count: Int, _ positions: [Int]) -> [Bool] {
            var result = [Bool](repeating: false, count: count)
            for position in positions { result[position] = true }
            return result
        }
        func same(_ related: [(first: Int, second: Int, relation: MemberRelation)]) -> [Int] {
            related.filter { $0.relation == .same }.map(\.first)
        }
        let actions = MemberSet.common(set.actions, other.actions) { $0.key < $1.key }
        isShared = [
            .action: flags(set.actions.count, actions.map(\.first)),
            .output: flags(set.outputs.count, same(set.relatedOutputs(other))),
            .tree: flags(set.trees.count, same(set.relatedTrees(other))),
            .checksum: flags(set.checksumFiles.count, same(set.relatedChecksumFiles(other))),
        ]
        let shared = flags(set.downloads.count, same(set.relatedDownloads(other)))
        for (index, download) in set.downloads.enumerated() {
            isShared[download.kind.memberKind, default: []].append(shared[index])
        }
    }

    /// Returns whether the other set lacks a member, or holds it with another value.
    ///
    /// - Parameters:
    ///   - kind: The kind of the member.
    ///   - index: The member's position among the members of its kind.
    /// - Returns: Whether the sets differ in this member.
    func contains(_ kind: Member.Kind, at index: Int) -> Bool { isShared[kind].map { !$0[index] } ?? true }
}
