/// The value of GOCACHEPROG: a program that the go command asks for the entries of builds.
package struct CacheProgramSetting: Hashable, Sendable {
    /// The program and its arguments.
    private let words: [String]

    /// Reads the value of the variable, as Go does.
    package init(_ value: String) { words = QuotedWords.split(value) }

    /// Whether the program is that of this project, whose store is GOCACHE itself.
    ///
    /// Builds then find what was restored to GOCACHE.
    package var usesBuildCache: Bool {
        guard words.count > 1 else { return false }
        return words[0].split(separator: "/").last == "cachectl" && words[1] == "prog"
    }

    /// Returns whether the program has an argument.
    package func has(_ argument: String) -> Bool { words.contains(argument) }
}
