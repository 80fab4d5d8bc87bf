/// A word on the command line that is no command or no option of cachectl.
///
/// The parser reports another error for the same command line where it can: a missing option, if the name of
/// the option is misspelled.
struct UnknownWord {
    /// The words of other programs for the commands of cachectl.
    private static let synonyms: [(command: String, words: Set<String>)] = [
        (
            "pack",
            [
                "create", "save", "archive", "compress", "snapshot", "backup", "store", "export", "upload",
                "push",
            ]
        ),
        (
            "restore",
            ["extract", "unpack", "load", "import", "decompress", "unzip", "download", "pull", "expand"]
        ),
        ("union", ["merge", "combine", "join", "add", "unite", "concat"]),
        ("difference", ["subtract", "minus", "except", "delta", "sub"]),
        ("intersect", ["intersection", "common", "and"]),
        ("diff", ["compare", "cmp"]),
        ("ls", ["list", "contents", "dir", "files", "index"]),
        ("info", ["stat", "stats", "status", "show", "inspect", "describe"]),
        ("explain", ["du", "analyze", "size", "sizes", "why", "top"]),
        ("verify", ["check", "fsck", "validate", "test"]),
        ("doctor", ["diagnose", "predict"]),
        ("layers", ["image", "oci", "build", "docker"]),
        ("seal", ["protect", "freeze", "lock", "touch"]),
        ("cat", ["print", "read", "get"]),
        ("summary", ["report", "markdown", "summarize"]),
        ("key", ["hash", "fingerprint", "hashfiles"]),
        ("--help", ["usage", "man"]), ("--version", ["version"]),
    ]

    /// The message.
    let message: Message

    /// The command that the words before this one name, or `nil` for none.
    let command: CommandInfo?

    /// Returns the word in the place of a command: the first, or the one behind `help`.
    static func place(in arguments: [String]) -> String? {
        let words = arguments.first == "help" ? arguments.dropFirst() : arguments[...]
        return words.first.flatMap { $0.hasPrefix("-") ? nil : $0 }
    }

    /// Finds an unknown command in a command line, or nothing.
    static func command(in arguments: [String], of root: CommandInfo) -> UnknownWord? {
        let names = root.verbs.map(\.commandName)
        let all = (root.subcommands ?? []).map(\.commandName)
        guard let word = place(in: arguments), !all.contains(word) else { return nil }
        let synonym = synonyms.first { $0.words.contains(word.lowercased()) }?.command
        let isThere = synonym.map { names.contains($0) || $0.hasPrefix("-") } ?? false
        let guess: String =
            if let name = word.lowercased().nearest(among: names) {
                "; did you mean `\(name)`?"
            } else if let name = synonym, isThere {
                "; the nearest is `\(name)`"
            } else {
                ""
            }
        var message = Message(.error, "there is no command `\(word)`\(guess)")
        message.append(
            Message(
                .hint,
                "the commands are \(names.joined(separator: ", ")); `cachectl --help` says what each does"
            )
        )
        return UnknownWord(message: message, command: nil)
    }

    /// Finds an unknown option of a known command in a command line, or nothing.
    static func option(in arguments: [String], of root: CommandInfo) -> UnknownWord? {
        guard let verb = arguments.first(where: { !$0.hasPrefix("-") }),
            let command = root.subcommands?.first(where: { $0.commandName == verb })
        else { return nil }
        let names = (command.arguments ?? []).flatMap { $0.names ?? [] }.map(\.text)
        let known = Set(names + (root.arguments ?? []).flatMap { $0.names ?? [] }.map(\.text) + builtIn)
        for argument in arguments.prefix(while: { $0 != "--" }) where argument.hasPrefix("--") {
            let name = String(argument.prefix { $0 != "=" })
            guard !known.contains(name) else { continue }
            let long = names.filter { $0.hasPrefix("--") }
            let guess = name.nearest(among: long).map { "; did you mean `\($0)`?" } ?? ""
            let message = Message(.error, "`\(verb)` has no option `\(name)`\(guess)")
            return UnknownWord(message: message, command: command)
        }
        return nil
    }

    /// The options that the parser adds to every command.
    private static let builtIn = [
        "--help", "--help-hidden", "--version", "--experimental-dump-help", "--generate-completion-script",
    ]
}
