/// A contributor of members to an archive: one `pack`.
public struct Source: Hashable, Sendable {
    /// The name given to the pack, for example `aws`; it is unique in an archive.
    public var label: String

    /// The Go environment of the job, which decides whether its entries can hit.
    public var environment: GoEnvironment

    /// The digest of the archive that the pack wrote.
    public var digest: ObjectID

    /// Returns whether `label` may name a source.
    ///
    /// A label has 1 to 64 ASCII letters, digits, `.`, `_` or `-`, and does not begin with `.` or `-`.
    public static func isValid(label: String) -> Bool {
        guard (1...64).contains(label.utf8.count), let first = label.utf8.first else { return false }
        guard first != UInt8(ascii: "."), first != UInt8(ascii: "-") else { return false }
        return label.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): true
            default: false
            }
        }
    }
}
