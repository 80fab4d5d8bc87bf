/// The SHA-256 of an index, as a header states it that may be damaged.
struct IndexStatement: Hashable, Sendable {
    /// The number of bytes that must agree: chance does not give as many.
    private static let proof = ObjectID.byteCount / 2

    /// The bytes of the SHA-256, or the first ones of a file that was cut there.
    let bytes: [UInt8]

    /// Returns whether an index with this SHA-256 is the one that the header was written for.
    func proves(_ id: ObjectID) -> Bool { zip(bytes, id.bytes).count { $0 == $1 } >= Self.proof }
}
