import SystemPackage

/// A member of an archive that was left out of a result, because its content is damaged.
public struct DamagedMember: Hashable, Sendable {
    /// The kind of the member.
    public var kind: Member.Kind

    /// The name of the member, in the form of ``Member/name``.
    public var name: String

    /// The fault: a clause without a trailing period.
    public var fault: String

    /// The offset of the damaged frame in the archive, in bytes, if the fault lies in one frame.
    public var offset: Int?

    /// For an output, the number of action entries that were left out with it.
    public var entries: Int

    /// Describes a damaged member by the error that reading it gave.
    init(_ kind: Member.Kind, _ name: String, _ error: CacheStoreError, entries: Int = 0) {
        let prefix = "damaged archive: "
        self.kind = kind
        self.name = name
        let message = error.naming(member: "\(kind.rawValue) \(name)").message
        fault = message.hasPrefix(prefix) ? String(message.dropFirst(prefix.count)) : message
        offset = error.offset
        self.entries = entries
    }

    /// The member with what follows for builds, as a warning.
    ///
    /// - Parameter path: The archive that is damaged.
    /// - Returns: The warning.
    func warning(in path: FilePath) -> Warning {
        let place = offset.map { ", at byte \($0)" } ?? ""
        let consequence =
            switch kind {
            case .output where entries == 1: "its action entry is left out too, and builds compile it again"
            case .output:
                "its \(entries) action entries are left out too, and builds compile them again"
            case .zip: "Go downloads it again when it needs the zip"
            default: "builds that need the module download it again"
            }
        return Warning(
            code: .damagedMember,
            message: "left out \(kind.rawValue) `\(name)`, which is damaged in `\(path.shown)`: \(fault)\(place); "
                + consequence
        )
    }
}
