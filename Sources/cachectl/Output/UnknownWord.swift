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
        ("repair", ["fix", "mend", "recover", "salvage", "heal"]),
        ("cat", ["print", "read", "get"]),
        ("summary", ["report", "markdown", "summarize"]),
        ("key", ["hash", "fingerprint", "hashfiles"]),
        ("--help", ["usage", "man"]), ("--version", ["version"]),
    ]

    /// The message.
    let message: Message

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
        return UnknownWord(message: message)
    }

    /// Finds an unknown option of a known command, or one before any command, in a command line, or nothing.
    static func option(in arguments: [String], of root: CommandInfo) -> UnknownWord? {
        let verb = arguments.first { !$0.hasPrefix("-") }
        let command = root.subcommands?.first { $0.commandName == verb }
        guard verb == nil || command != nil else { return nil }
        let names = ((command ?? root).arguments ?? []).flatMap { $0.names ?? [] }.map(\.text)
        let known = Set(names + (root.arguments ?? []).flatMap { $0.names ?? [] }.map(\.text) + builtIn)
        for argument in arguments.prefix(while: { $0 != "--" }) {
            guard let name = optionName(argument), !known.contains(name) else { continue }
            let guess =
                switch name {
                case "-v", "-V": verb == nil ? "--version" : nil
                default:
                    name.hasPrefix("--") ? name.nearest(among: names.filter { $0.hasPrefix("--") }) : nil
                }
            let owner = verb.map { "`\($0)`" } ?? "cachectl"
            let advice = guess.map { "; did you mean `\($0)`?" } ?? ""
            let message = Message(.error, "\(owner) has no option `\(name)`\(advice)")
            return UnknownWord(message: message)
        }
        return nil
    }

    /// Returns the name of the option in an argument such as `--top=3` or `-q`, or `nil`.
    private static func optionName(_ argument: String) -> String? {
        if argument.hasPrefix("--") { return String(argument.prefix { $0 != "=" }) }
        let isShort = argument.hasPrefix("-") && argument.count == 2 && argument.last?.isLetter == true
        return isShort ? argument : nil
    }

    /// The options that the parser adds to every command.
    private static let builtIn = [
        "-h", "--help", "--help-hidden", "--version", "--experimental-dump-help",
        "--generate-completion-script",
    ]
}
