/// A list of the keys on which inputs disagree.
struct DisagreementList: Sendable {
    private struct Key: Hashable, Sendable {
        var kind: Member.Kind
        var name: String
    }

    private var values: [Key: (kept: String, all: Set<String>)] = [:]

    /// Notes values of one key.
    ///
    /// - Parameters:
    ///   - kind: The kind of the member.
    ///   - name: The key of the member.
    ///   - found: The values, in words or hexadecimal.
    ///   - kept: The value that is kept so far.
    mutating func note(_ kind: Member.Kind, _ name: String, _ found: [String], kept: String) {
        let all = values[Key(kind: kind, name: name)]?.all ?? []
        values[Key(kind: kind, name: name)] = (kept, all.union(found))
    }

    /// Notes that another value is kept, if the key was noted before.
    mutating func amend(_ kind: Member.Kind, _ name: String, kept: String) {
        values[Key(kind: kind, name: name)]?.kept = kept
    }

    /// Whether no key was noted.
    var isEmpty: Bool { values.isEmpty }

    /// Keeps only the keys of the given members.
    mutating func keep(_ members: some Sequence<Member>) {
        let keys = Set(members.map { Key(kind: $0.kind, name: $0.name) })
        values = values.filter { keys.contains($0.key) }
    }

    /// The disagreements, ordered by kind and name.
    var list: [Disagreement] {
        values.map { key, value in
            Disagreement(
                kind: key.kind,
                name: key.name,
                kept: value.kept,
                dropped: value.all.subtracting([value.kept]).sorted { $0.precedes($1) }
            )
        }
        .sorted { ($0.kind.rawValue, $0.name) < ($1.kind.rawValue, $1.name) }
    }
}

// MARK: - Values in words

extension MemberSet.Output {
    /// The form of the output, in words.
    var form: String { executable.map { "a directory with `\($0)`" } ?? "a file" }
}

extension MemberSet.Download {
    /// The content, in words or hexadecimal.
    var value: String {
        switch content {
        case .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
        case .derived: "made from the tree"
        case .stored(let id, _, _): id.description
        }
    }
}

extension MemberSet.ChecksumFile {
    /// The content, in words.
    var value: String { String(decoding: bytes, as: UTF8.self) }
}
