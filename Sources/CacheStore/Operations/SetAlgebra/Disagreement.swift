/// A key that archives hold with different values, of which a fixed rule keeps one.
///
/// A disagreement is benign: Go is right with either value. Values that Go's checksums make unique are in *conflict*
/// instead, which is an error.
public struct Disagreement: Hashable, Sendable {
    /// The kind of the member.
    public var kind: Member.Kind
    /// The key of the member.
    public var name: String
    /// The value that was kept, in words or hexadecimal.
    public var kept: String
    /// The values that were not kept, ordered.
    ///
    /// Those of an action entry stay in the archive, and a restore passes them over.
    public var dropped: [String]
}
