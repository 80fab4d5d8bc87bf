/// The width of text on a terminal.
extension String {
    /// The number of columns that the text takes on a terminal.
    ///
    /// Letters of East Asian scripts, and pictures, take two columns (Unicode Standard Annex #11).
    var columns: Int { reduce(0) { $0 + $1.columns } }

    /// Returns the text in at most `width` columns, with `…` in the place of its middle if it is too long.
    func elided(to width: Int) -> String {
        guard columns > width else { return self }
        guard width > 1 else { return width < 1 ? "" : "…" }
        let tail = Self.prefix(of: reversed(), columns: (width - 1) / 2)
        let head = Self.prefix(of: self, columns: width - 1 - tail.reduce(0) { $0 + $1.columns })
        return String(head) + "…" + String(tail.reversed())
    }

    private static func prefix(of text: some Sequence<Character>, columns: Int) -> [Character] {
        var (result, room): ([Character], Int) = ([], columns)
        for character in text {
            room -= character.columns
            if room < 0 { break }
            result.append(character)
        }
        return result
    }

    /// Returns the text in lines of at most `width` columns, broken at blanks.
    ///
    /// A word that is wider than a line, such as a path, has a line of its own and stays whole, so that it
    /// can be copied.
    ///
    /// - Parameters:
    ///   - width: The width of the lines, in columns.
    ///   - indent: The number of blanks before each line but the first.
    /// - Returns: The lines.
    func wrapped(to width: Int, indent: Int) -> [String] {
        guard columns > width else { return [self] }
        let blanks = String(repeating: " ", count: indent)
        let start = String(prefix { $0 == " " })
        var (lines, line): ([String], String) = ([], start)
        for word in dropFirst(start.count).split(separator: " ", omittingEmptySubsequences: false) {
            let isEmpty = line.allSatisfy { $0 == " " }
            if !isEmpty, line.columns + 1 + String(word).columns > width {
                lines.append(line)
                line = blanks + word
            } else {
                line += (isEmpty ? "" : " ") + word
            }
        }
        return lines + [line]
    }
}

extension Character {
    /// The ranges of the letters and pictures that take two columns.
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF,
        0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF,
        0x1F900...0x1F9FF, 0x20000...0x3FFFD,
    ]

    /// The number of columns that the character takes on a terminal: one or two.
    fileprivate var columns: Int {
        guard let first = unicodeScalars.first?.value, first >= 0x1100 else { return 1 }
        return Self.wide.contains { $0.contains(first) } ? 2 : 1
    }
}
