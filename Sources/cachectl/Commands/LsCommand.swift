import ArgumentParser
import CacheStore
import SystemPackage

/// `cachectl ls`: the members of an archive, one per line.
struct LsCommand: AsyncParsableCommand, Sendable {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "List the members of an archive, one per line.",
        discussion: """
            A line shows the kind and the name. With --long, it shows the kind, the bytes of \
            content, the bytes stored, the number of files, the sources and the name.

            With --files, each module tree is followed by its files. Their kind is `file`, \
            and their name is `module@version/path`. Their stored bytes are not known, \
            because the files of a tree are compressed together.

            Only the index and, with --files, the lists of files are checked, and not the \
            content: `cachectl verify` checks it. If the list of a tree is damaged, all others \
            are printed before the error, and the exit status is 2.

            Patterns are those of the shell and must match the whole name: `*` matches any \
            text, including `/`; `?` matches any one character; `[a-z]` and `[!a-z]` match a \
            character in a set or outside it; `\\` makes the next character literal. With \
            --files, a tree whose name matches is listed with all of its files; of any \
            other tree, only the files that match are listed.

            Examples:
              cachectl ls all.castore --kind tree,zip
              cachectl ls all.castore --long --source aws --glob 'github.com/aws/*'
              cachectl ls all.castore --files --kind tree --glob '*.proto'
              cachectl ls all.castore --json | jq -s 'map(.raw_bytes) | add'
            """
    )

    @Argument(help: ArgumentHelp("The archive.", valueName: "archive"), completion: .file())
    var archive: ArchiveArgument

    @Flag(help: "List the files of module trees, too.")
    var files = false

    @Flag(name: .shortAndLong, help: "Show sizes and sources.")
    var long = false

    @Option(
        help: ArgumentHelp(
            "List only these kinds: action, output, tree, info, mod, zip, ziphash, checksum.",
            valueName: "kind,..."
        ),
        transform: Self.readKinds
    )
    var kind: [[Member.Kind]] = []

    @Option(
        help: ArgumentHelp("List only what these sources hold.", valueName: "label,..."),
        transform: CommaList.values
    )
    var source: [[String]] = []

    @Option(
        help: ArgumentHelp("List only names that match; may be repeated.", valueName: "pattern"),
        transform: NamePattern.read
    )
    var glob: [Glob] = []

    @OptionGroup
    var common: CommonOptions

    func run() async throws {
        var filter = MemberFilter(
            kinds: Set(kind.flatMap(\.self)),
            sources: Set(source.flatMap(\.self)),
            globs: glob
        )
        let members = try await archive.open().memberCursor(kinds: filter.kinds)
        try members.requireSources(filter.sources.sorted())

        let style: MemberLine.Style = common.json ? .json : long ? .long : .short
        let line = MemberLine(style: style, labels: members.sources.map(\.label))
        var output = StandardOutput()
        var faults: [CacheStoreError] = []
        while !output.isClosed, let member = try next(members, &output) {
            guard filter.admits(kindAndSourcesOf: member) else { continue }
            filter.note(name: member.name)
            let isNamed = filter.admits(name: member.name)
            if isNamed { try output.writeLine(line.text(member)) }
            guard files, member.kind == .tree else { continue }
            do {
                for file in try await members.files(ofTree: member.name) {
                    let name = "\(member.name)/\(file.path)"
                    filter.note(name: name)
                    guard isNamed || filter.admits(name: name) else { continue }
                    try output.writeLine(line.text(file, of: member))
                }
            } catch let error as CacheStoreError {
                guard error.code == .corruptArchive else {
                    try output.flush()
                    throw error
                }
                faults.append(error)
            }
        }
        try output.flush()
        guard !faults.isEmpty else {
            // A listing that was cut short, as by `| head`, tells nothing about the patterns.
            if !output.isClosed { common.show(filter.warnings) }
            return
        }
        for message in Message.messages(faults) { StandardError.write(message) }
        throw ExitCode.corrupt
    }

    /// Returns the next member; the lines so far are written before an error is thrown.
    private func next(_ members: MemberCursor, _ output: inout StandardOutput) throws -> Member? {
        do {
            return try members.next()
        } catch {
            try output.flush()
            throw error
        }
    }

    @Sendable
    private static func readKinds(_ list: String) throws -> [Member.Kind] {
        try CommaList.values(list).map { name in
            guard let kind = Member.Kind(rawValue: name) else {
                let known = Member.Kind.all.map { "`\($0.rawValue)`" }.joined(separator: ", ")
                throw ValidationError("`\(name)` is none of \(known)")
            }
            return kind
        }
    }
}
