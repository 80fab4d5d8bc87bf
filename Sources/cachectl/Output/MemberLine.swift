import CacheStore

/// The lines of `cachectl ls`.
///
/// Column widths are fixed, because each line is written before later members are known. A value that is
/// wider than its column only shifts the rest of its line.
struct MemberLine {
    /// The form of a line.
    enum Style { case short, long, json }

    private static let kindWidth = 8
    private static let bytesWidth = 11
    private static let filesWidth = 6

    private let style: Style
    private let sourcesWidth: Int

    /// Creates the lines for an archive whose sources have these labels.
    init(style: Style, labels: [String]) {
        self.style = style
        sourcesWidth = min(24, labels.joined(separator: ",").utf8.count)
    }

    /// Returns the line of a member.
    func text(_ member: Member) -> String {
        switch style {
        case .short:
            "\(Self.left(member.kind.rawValue, Self.kindWidth)) \(HumanFormat.printable(member.name))"
        case .long:
            long(
                member.kind.rawValue,
                "\(member.contentBytes)",
                "\(member.storedBytes)",
                "\(member.files)",
                member.sources,
                member.name
            )
        case .json:
            ([
                "schema": "cachectl.ls/1",
                "kind": .string(member.kind.rawValue),
                "name": .string(member.name),
                "raw_bytes": .integer(member.contentBytes),
                "stored_bytes": .integer(member.storedBytes),
                "files": .integer(member.files),
                "detail": .string(member.detail),
                "class": .optional(member.entryClass?.rawValue),
                "sources": .strings(member.sources),
            ] as JSONValue).text
        }
    }

    /// Returns the line of a file of a module tree.
    func text(_ file: TreeFile, of tree: Member) -> String {
        let name = "\(tree.name)/\(file.path)"
        return switch style {
        case .short: "\(Self.left("file", Self.kindWidth)) \(HumanFormat.printable(name))"
        case .long: long("file", "\(file.contentBytes)", "-", "1", tree.sources, name)
        case .json:
            ([
                "schema": "cachectl.ls/1",
                "kind": "file",
                "name": .string(name),
                "raw_bytes": .integer(file.contentBytes),
                "is_executable": .boolean(file.isExecutable),
                "tree": .string(tree.name),
                "path": .string(file.path),
                "sources": .strings(tree.sources),
            ] as JSONValue).text
        }
    }

    private func long(
        _ kind: String,
        _ bytes: String,
        _ stored: String,
        _ files: String,
        _ sources: [String],
        _ name: String
    ) -> String {
        let columns = [
            Self.left(kind, Self.kindWidth),
            Self.right(bytes, Self.bytesWidth),
            Self.right(stored, Self.bytesWidth),
            Self.right(files, Self.filesWidth),
            Self.left(sources.joined(separator: ","), sourcesWidth),
            HumanFormat.printable(name),
        ]
        return columns.joined(separator: " ")
    }

    private static func left(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.utf8.count))
    }

    private static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.utf8.count)) + text
    }
}
