import FoundationEssentials

/// A command as the parser describes it: its name, its words and its arguments.
struct CommandInfo: Decodable {
    /// An option, a flag or an argument without a name.
    struct Argument: Decodable {
        /// A name with its dashes.
        struct Name: Decodable {
            private var kind: String
            private var name: String

            /// The name as it is typed.
            var text: String { (kind == "long" ? "--" : "-") + name }
        }

        private var kind: String
        private var shouldDisplay: Bool
        private var parsingStrategy: String?
        var isOptional: Bool
        var isRepeating: Bool
        var names: [Name]?
        var valueName: String?
        var defaultValue: String?
        var abstract: String?

        /// Whether a value follows the name, or is the argument itself.
        var hasValue: Bool { kind != "flag" }

        /// Whether the argument has no name.
        var isPositional: Bool { kind == "positional" }

        /// Whether the argument takes all words from the first one on, options too.
        var takesRest: Bool { isPositional && parsingStrategy == "allRemainingInput" }

        /// Whether help shows the argument.
        var isVisible: Bool { shouldDisplay }
    }

    private struct Document: Decodable { var command: CommandInfo }

    private var shouldDisplay: Bool?
    var commandName: String
    var abstract: String?
    var discussion: String?
    var subcommands: [CommandInfo]?
    var arguments: [Argument]?

    /// The commands below this one that help shows, but for `help` itself.
    var verbs: [CommandInfo] {
        (subcommands ?? []).filter { $0.shouldDisplay != false && $0.commandName != "help" }
    }

    /// The first example of the command's help.
    var example: String? {
        let lines = (discussion ?? "").split(separator: "\n").drop { $0 != "Examples:" }
        return lines.dropFirst().first.map { String($0.drop { $0 == " " }) }
    }

    /// Reads the description of all commands.
    ///
    /// - Parameter dump: The JSON that the parser makes for `--experimental-dump-help`.
    /// - Returns: The top command, or `nil` if the JSON is of another form.
    static func read(_ dump: String) -> CommandInfo? {
        try? JSONDecoder().decode(Document.self, from: Data(dump.utf8)).command
    }
}
