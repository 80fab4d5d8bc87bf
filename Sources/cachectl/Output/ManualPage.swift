/// A page of the manual in roff (man(7)), made from the parser's description of a command.
struct ManualPage {
    /// The command.
    let command: CommandInfo

    /// The top command, whose page lists all others.
    let root: CommandInfo

    /// The date of the page, as in `2026-11-28`.
    let date: String

    /// The version of cachectl.
    let version: String

    /// Whether the page is that of the top command.
    private var isRoot: Bool { command.commandName == root.commandName }

    /// The name of the page, which is the name of its file without the section.
    var name: String { isRoot ? root.commandName : "\(root.commandName)-\(command.commandName)" }

    /// The lines of the page.
    var lines: [String] {
        var lines = [
            ".TH \(Self.text(name.uppercased())) 1 \(date) \"\(root.commandName) \(version)\"",
            ".SH NAME",
            "\(Self.text(name)) \\- \(Self.text(Self.sentence(command.abstract ?? "")))",
            ".SH SYNOPSIS",
        ]
        lines += isRoot ? synopsisOfRoot : synopsis
        lines += Discussion(command.discussion ?? "").sections.flatMap { section in
            [".SH \(section.title)"] + section.lines
        }
        if isRoot { lines += commands }
        lines += options
        return lines + seeAlso
    }

    // MARK: - Sections

    private var synopsisOfRoot: [String] {
        ["\\fB\(root.commandName)\\fR \\fIcommand\\fR [\\fIoptions\\fR]"]
    }

    private var synopsis: [String] {
        var words = ["\\fB\(root.commandName) \(Self.text(command.commandName))\\fR", "[\\fIoptions\\fR]"]
        for argument in (command.arguments ?? []).filter(\.isVisible)
        where argument.isPositional || !argument.isOptional {
            var word = ""
            if let name = argument.names?.last(where: { $0.text.hasPrefix("--") }) {
                word += "\\fB\(Self.text(name.text))\\fR "
            }
            word += "\\fI\(Self.text(argument.valueName ?? ""))\\fR"
            if argument.isRepeating { word += " .\\|.\\|." }
            words.append(argument.isOptional ? "[\(word)]" : word)
        }
        return [words.joined(separator: " ")]
    }

    private var commands: [String] {
        [".SH COMMANDS"]
            + root.verbs.flatMap { verb in
                [
                    ".TP", "\\fB\(Self.text(verb.commandName))\\fR",
                    Self.text(verb.abstract ?? "") + " See",
                    ".BR \(root.commandName)\\-\(Self.text(verb.commandName)) (1).",
                ]
            }
    }

    private var options: [String] {
        let arguments = (command.arguments ?? []).filter(\.isVisible)
        guard !arguments.isEmpty else { return [] }
        return [".SH OPTIONS"]
            + arguments.flatMap { argument in
                [".TP", Self.tag(argument)] + [Self.text(argument.abstract ?? "")].filter { !$0.isEmpty }
            }
    }

    private var seeAlso: [String] {
        guard !isRoot else { return [".SH SEE ALSO", ".BR go (1)"] }
        return [
            ".SH SEE ALSO", ".BR \(root.commandName) (1),",
            "which lists all commands and the exit statuses",
        ]
    }

    private static func tag(_ argument: CommandInfo.Argument) -> String {
        let value = "\\fI\(text(argument.valueName ?? ""))\\fR"
        let names = (argument.names ?? []).map(\.text).sorted { $0.count < $1.count }
        guard !names.isEmpty else { return value }
        let tag = names.map { "\\fB\(text($0))\\fR" }.joined(separator: ", ")
        return argument.hasValue ? "\(tag) \(value)" : tag
    }

    /// Returns a sentence as a part of a line: with a small letter, without a period.
    private static func sentence(_ text: String) -> String {
        let part = text.hasSuffix(".") ? String(text.dropLast()) : text
        return part.prefix(1).lowercased() + part.dropFirst()
    }

    // MARK: - Text

    /// The characters that roff takes for something else, or prints as something else.
    private static let escapes: [Character: String] = [
        "\\": #"\(rs"#, "-": #"\-"#, "'": #"\(aq"#, "`": #"\(ga"#, "^": #"\(ha"#, "~": #"\(ti"#,
    ]

    /// Returns a text that roff prints as it is, with the parts in backquotes in bold.
    static func text(_ text: String) -> String {
        let parts = text.split(separator: "`", omittingEmptySubsequences: false).map(String.init)
        guard !parts.count.isMultiple(of: 2) else { return line(verbatim(text)) }
        let words = parts.enumerated().map { $0.isMultiple(of: 2) ? verbatim($1) : "\\fB\(verbatim($1))\\fR" }
        return line(words.joined())
    }

    /// Returns a text that roff prints as it is, to be used inside of a line.
    private static func verbatim(_ text: String) -> String {
        var result = ""
        for character in text {
            if let escape = escapes[character] {
                result += escape
            } else if character.isASCII {
                result.append(character)
            } else {
                for scalar in character.unicodeScalars {
                    let digits = String(scalar.value, radix: 16, uppercase: true)
                    result += "\\[u\(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits)]"
                }
            }
        }
        return result
    }

    /// Returns a line that roff does not take for a request.
    private static func line(_ text: String) -> String {
        text.hasPrefix(".") || text.hasPrefix("'") ? #"\&"# + text : text
    }
}

extension ManualPage {
    /// The discussion in the help of a command, as sections of a page.
    ///
    /// Indented lines are shown as they are. If the line above them has one or two words and a colon, it is
    /// the title of a section.
    private struct Discussion {
        private(set) var sections: [(title: String, lines: [String])] = []

        init(_ text: String) {
            var (isBlock, needsBreak) = (false, false)
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            for (index, line) in lines.enumerated() {
                let isIndented = line.hasPrefix("  ")
                let next = index + 1 < lines.count ? lines[index + 1] : ""
                if isBlock, !isIndented {
                    append(".EE")
                    isBlock = false
                    needsBreak = true
                }
                if line.isEmpty {
                    needsBreak = true
                } else if isIndented {
                    if !isBlock { append(needsBreak ? [".PP", ".EX"] : [".EX"]) }
                    isBlock = true
                    needsBreak = false
                    append(ManualPage.line(ManualPage.verbatim(line)))
                } else if line.hasSuffix(":"), next.hasPrefix("  "), line.split(separator: " ").count <= 2 {
                    sections.append((String(line.dropLast()).uppercased(), []))
                    needsBreak = false
                } else {
                    if needsBreak { append(".PP") }
                    needsBreak = false
                    append(ManualPage.text(line))
                }
            }
            if isBlock { append(".EE") }
        }

        private mutating func append(_ lines: [String]) {
            // A paragraph behind a section of its own belongs to the description.
            if sections.isEmpty { sections.append(("DESCRIPTION", [])) }
            let isFirst = sections[sections.count - 1].lines.isEmpty
            sections[sections.count - 1].lines += isFirst ? lines.drop { $0 == ".PP" } : lines[...]
        }

        private mutating func append(_ line: String) { append([line]) }
    }
}
