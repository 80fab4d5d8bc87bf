import CacheStore

/// An error, a warning or a hint in the form for standard error.
struct Message: Hashable, Sendable {
    /// The word that begins the message.
    enum Severity: String { case error, warning, hint }

    /// The lines of the message.
    private(set) var lines: [String]

    /// Creates a message of one sentence, with examples listed below the sentence.
    init(_ severity: Severity, _ sentence: String, examples: [String] = []) {
        lines = ["\(severity): \(HumanFormat.printable(sentence))"]
        lines += examples.map { "  \(HumanFormat.printable($0))" }
    }

    /// Adds the lines of another message.
    mutating func append(_ other: Message) { lines += other.lines }

    /// Creates the message of an error, with advice on a second line.
    ///
    /// Without `advice`, the advice is that of the error's remedy.
    init(_ error: CacheStoreError, advice: String? = nil) {
        self.init(.error, error.summary)
        if let advice = advice ?? Self.advice(on: error) { lines += Self(.hint, advice).lines }
    }

    /// Returns the messages of several errors, followed by their hints, each of which appears only once.
    static func messages(_ errors: [CacheStoreError]) -> [Message] {
        var hints: [String] = []
        for hint in errors.compactMap(advice) where !hints.contains(hint) { hints.append(hint) }
        return errors.map { Self(.error, $0.summary) } + hints.map { Self(.hint, $0) }
    }

    /// Creates the message of a warning.
    init(_ warning: CacheStore.Warning) { self.init(.warning, warning.sentence) }

    private static func advice(on error: CacheStoreError) -> String? {
        error.remedy.map { RemedyText.words(for: $0) }
    }
}
