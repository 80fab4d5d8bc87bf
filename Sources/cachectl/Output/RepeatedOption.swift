/// An option for one value that a command line gives more than once.
///
/// The parser takes the last value and passes over the others.
enum RepeatedOption {
    /// Finds such an option.
    ///
    /// - Parameters:
    ///   - arguments: The command line.
    ///   - root: Returns the description of all commands; it is called only if a word may be such an option.
    /// - Returns: The name of the first such option, or `nil`.
    static func name(in arguments: [String], of root: () -> CommandInfo?) -> String? {
        guard repeatsName(in: arguments), let verb = arguments.first,
            let command = root()?.subcommands?.first(where: { $0.commandName == verb })
        else { return nil }
        let known = command.arguments ?? []
        var seen: Set<String> = []
        var rest = arguments.dropFirst()
        while let word = rest.popFirst(), word != "--" {
            let text = word.prefix { $0 != "=" }
            let option = known.first { $0.names?.contains { $0.text == text } ?? false }
            guard let option, let name = option.names?.first?.text else {
                // The words behind it belong to another program.
                if !word.hasPrefix("-"), known.contains(where: \.takesRest) { return nil }
                continue
            }
            guard option.hasValue else { continue }
            if text.count == word.count { _ = rest.popFirst() }
            if !option.isRepeating, !seen.insert(name).inserted { return String(text) }
        }
        return nil
    }

    /// Returns whether two words have one name, or one of them may be short for the other.
    private static func repeatsName(in arguments: [String]) -> Bool {
        var names: Set<Substring> = []
        var letters: Set<Substring> = []
        for word in arguments.prefix(while: { $0 != "--" }) where word.hasPrefix("-") {
            let name = word.prefix { $0 != "=" }.drop { $0 == "-" }
            if !names.insert(name).inserted { return true }
            if name.count == 1 { letters.insert(name) }
        }
        return names.contains { $0.count > 1 && letters.contains($0.prefix(1)) }
    }
}
