import ArgumentParser

/// `cachectl manual`: a page of the manual, made from the parser.
///
/// The command is for those who build packages. It is hidden, and it is here because it needs all commands.
struct ManualCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "manual",
        abstract: "Print a page of the manual in roff.",
        discussion: """
            Examples:
              cachectl manual restore | man -l -
              for page in $(cachectl manual --names); do …
            """,
        shouldDisplay: false
    )

    @Argument(help: "The command that the page is about. (default: cachectl itself)")
    var command: String?

    @Option(help: ArgumentHelp("The date of the page.", valueName: "yyyy-mm-dd"))
    var date = "1970-01-01"

    @Flag(help: "Print the names of all commands that have a page, one per line.")
    var names = false

    func run() throws {
        guard let root = CommandInfo.read(Cachectl._dumpHelp()) else {
            throw ValidationError("the parser describes the commands in an unknown form")
        }
        if names { return try StandardOutput.write(root.verbs.map(\.commandName)) }
        let subject = try self.command.map { name in
            guard let verb = root.verbs.first(where: { $0.commandName == name }) else {
                throw ValidationError("there is no page on `\(name)`")
            }
            return verb
        }
        let page = ManualPage(command: subject ?? root, root: root, date: date, version: Version.current)
        var output = StandardOutput()
        for line in page.lines { try output.writeLine(line) }
        try output.flush()
    }
}
