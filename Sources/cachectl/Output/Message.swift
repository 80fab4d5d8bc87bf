import CacheStore

/// An error, a warning or a hint, as it is written to standard error.
struct Message: Hashable, Sendable {
    /// What begins the message.
    enum Severity: String { case error, warning, hint }

    /// The lines of the message.
    private(set) var lines: [String]

    /// Creates a message of one sentence, with what it is about listed below it.
    init(_ severity: Severity, _ sentence: String, examples: [String] = []) {
        lines = ["\(severity): \(HumanFormat.printable(sentence))"]
        lines += examples.map { "  \(HumanFormat.printable($0))" }
    }

    /// Creates the message of an error, with its hint on a second line.
    init(_ error: CacheStoreError) {
        self.init(.error, Self.sentence(error))
        if let hint = error.hint { lines += Self(.hint, hint).lines }
    }

    /// The messages of several errors; a hint that they share comes once, after them.
    static func messages(_ errors: [CacheStoreError]) -> [Message] {
        var hints: [String] = []
        for hint in errors.compactMap(\.hint) where !hints.contains(hint) { hints.append(hint) }
        return errors.map { Self(.error, sentence($0)) } + hints.map { Self(.hint, $0) }
    }

    /// Creates the message of a warning.
    init(_ warning: Warning) { self.init(.warning, warning.message) }

    private static func sentence(_ error: CacheStoreError) -> String {
        CacheStoreError(
            error.code,
            error.message,
            path: error.path,
            member: error.member,
            offset: error.offset,
            cause: error.cause
        ).description
    }
}
