/// Markdown as GitHub renders it, in which foreign names can neither format the page nor leave their place.
enum Markdown {
    /// The alignment of a column of a table.
    enum Alignment: String {
        case left = ":--"
        case right = "--:"
    }

    /// The greatest width of a name, in columns, and the greatest length, in bytes.
    ///
    /// A name is not broken where the page is narrow.
    private static let (nameWidth, nameLength) = (72, 240)

    /// Returns a name as code.
    static func code(_ name: String) -> String {
        let text = printable(name)
        guard !text.isEmpty else { return "" }
        let fence = String(repeating: "`", count: longestRun(of: "`", in: text) + 1)
        // One blank on each side is taken away again (CommonMark, 6.1).
        let (first, last) = (text.unicodeScalars.first, text.unicodeScalars.last)
        let isOpen = first == "`" || last == "`" || (first == " " && last == " ")
        let pad = isOpen ? " " : ""
        return fence + pad + text + pad + fence
    }

    /// Returns a name as code in a cell of a table, where `|` would begin another cell even in code.
    static func cell(_ name: String) -> String { code(name).replacing(scalar: "|", with: #"\|"#) }

    /// Returns a sentence whose parts in backquotes become code, and in which nothing else has a meaning.
    static func text(_ sentence: String) -> String {
        let parts = sentence.split(atScalar: "`")
        guard !parts.count.isMultiple(of: 2) else { return escaped(sentence) }
        return parts.enumerated().map { $0.isMultiple(of: 2) ? escaped($1) : code($1) }.joined()
    }

    /// Returns the lines of a table.
    static func table(_ columns: [(heading: String, alignment: Alignment)], _ rows: [[String]]) -> [String] {
        func line(_ cells: [String]) -> String { "| \(cells.joined(separator: " | ")) |" }
        return [line(columns.map(\.heading)), line(columns.map(\.alignment.rawValue))] + rows.map(line)
    }

    /// Returns a section that is closed until the reader opens it.
    ///
    /// - Parameters:
    ///   - title: The title, which holds no foreign text.
    ///   - lines: The content.
    /// - Returns: The lines of the section.
    static func details(_ title: String, _ lines: [String]) -> [String] {
        // Without the blank lines, the content would be HTML and not Markdown.
        ["<details><summary>\(title)</summary>", ""] + lines + ["", "</details>"]
    }

    /// Returns a text in which no character has a meaning.
    private static func escaped(_ text: String) -> String {
        text.split(atScalar: " ")
            .map { isLinked($0) ? code($0) : escaped(word: $0) }
            .joined(separator: " ")
    }

    private static func escaped(word: String) -> String {
        var result = ""
        for scalar in HumanFormat.printable(word).unicodeScalars {
            if #"\`*_[]<>#+|~&$@"#.unicodeScalars.contains(scalar) { result.append("\\") }
            result.unicodeScalars.append(scalar)
        }
        // At the start of a line, these words begin a list or underline a heading.
        let isMark = result.allSatisfy { $0 == "-" || $0 == "=" } || result.dropLast().allSatisfy(\.isNumber)
        if isMark, let last = result.last, "-=.)".contains(last) {
            result.insert("\\", at: result.index(before: result.endIndex))
        }
        return result
    }

    /// Returns whether GitHub would make a link, a mention or a picture of a word, even of an escaped one.
    private static func isLinked(_ word: String) -> Bool {
        word.utf8.contains(UInt8(ascii: "@")) || word.utf8.contains(UInt8(ascii: "#"))
            || word.contains("://") || word.lowercased().contains("www.")
            || word.utf8.count { $0 == UInt8(ascii: ":") } > 1
    }

    /// Returns a name that is safe to print, with `…` in the place of its middle if it is too long.
    private static func printable(_ name: String) -> String {
        let short = HumanFormat.printable(name).elided(to: nameWidth)
        guard short.utf8.count > nameLength else { return short }
        var bytes = 0
        let kept = short.unicodeScalars.prefix {
            bytes += $0.utf8.count
            return bytes < nameLength
        }
        return String(String.UnicodeScalarView(kept)) + "…"
    }

    private static func longestRun(of scalar: Unicode.Scalar, in text: String) -> Int {
        var (longest, run) = (0, 0)
        for element in text.unicodeScalars {
            run = element == scalar ? run + 1 : 0
            longest = max(longest, run)
        }
        return longest
    }
}
