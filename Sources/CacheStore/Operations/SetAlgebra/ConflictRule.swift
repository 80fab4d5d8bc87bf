/// Which of two values of one key a union keeps.
///
/// Of two outputs of one action it keeps both, and a restore takes the lower: ``MemberSet/settled()``.
/// Each rule is total and symmetric, so that the result does not depend on the order of the archives. Any
/// winner is safe to Go: what depends on an entry is keyed by its content (cmd/go/internal/work/exec.go,
/// `buildActionID`).
enum ConflictRule {
    /// Of an output as a file and as a directory, the directory, which serves where a file would; of two
    /// names, the lower.
    static func keepsFirst(_ first: MemberSet.Output, _ second: MemberSet.Output) -> Bool {
        guard let firstName = first.executable else { return second.executable == nil }
        guard let secondName = second.executable else { return true }
        return !secondName.precedes(firstName)
    }

    /// Of two classes, which differ only if other versions of this library told them, one that says something;
    /// then the lower name.
    static func keptClass(_ first: EntryClass, _ second: EntryClass) -> EntryClass {
        if first == .other { return second }
        if second == .other { return first }
        return first.rawValue.precedes(second.rawValue) ? first : second
    }

    /// Of two trees with one hash, which differ in executable bits or in what Go adds to a toolchain: the one
    /// with more executables, then with more files, then with the lower manifest.
    static func keepsFirst(
        _ first: (tree: MemberSet.Tree, manifest: ObjectID),
        _ second: (tree: MemberSet.Tree, manifest: ObjectID)
    ) -> Bool {
        if first.tree.executables != second.tree.executables {
            return first.tree.executables > second.tree.executables
        }
        if first.tree.files != second.tree.files { return first.tree.files > second.tree.files }
        return first.manifest <= second.manifest
    }

    /// Of two `.info` files or lookups, the longer, which says more; then the lower by bytes.
    static func keepsFirst(_ first: [UInt8], _ second: [UInt8]) -> Bool {
        first.count == second.count ? !second.lexicographicallyPrecedes(first) : first.count > second.count
    }

    /// Of two frames of one chunk, the shorter; then the one with the lower checksum.
    static func keepsFirst(_ first: ChunkRecord, _ second: ChunkRecord) -> Bool {
        (first.stored, first.checksum) <= (second.stored, second.checksum)
    }
}
