/// A key that archives hold with different values, of which a fixed rule keeps one.
///
/// A disagreement is benign: Go is right with either value. Where Go's checksums allow only one value,
/// different values are in *conflict* instead, which is an error.
public struct Disagreement: Hashable, Sendable {
    /// The kind of the member.
    public var kind: Member.Kind
    /// The key of the member.
    public var name: String
    /// The value that was kept, in words or hexadecimal.
    public var kept: String
    /// The values that were not kept, ordered.
    ///
    /// For an action entry, these values stay in the archive, and a restore skips them.
    public var dropped: [String]
}
