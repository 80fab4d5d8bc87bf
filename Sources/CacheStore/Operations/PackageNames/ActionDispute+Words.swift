extension ActionDispute: CustomStringConvertible {
    /// The entry, and each output with the labels and archives that have it, on one line.
    public var description: String {
        let entry = "\(entryClass.rawValue) entry" + (package.map { " of `\($0)`" } ?? "")
        return "\(entry): \(sides.map(\.description).joined(separator: ", "))"
    }

    /// The greatest number of disputes that an error names.
    private static let limitOfError = 5

    /// Returns the error for disputes, at least one, that were not to be.
    static func error(_ disputes: [ActionDispute]) -> CacheStoreError {
        let actions = disputes.count == 1 ? "1 action" : "\(disputes.count) actions"
        var parts = disputes.prefix(limitOfError).map(\.description)
        if disputes.count > limitOfError { parts.append("and \(disputes.count - limitOfError) more") }
        return CacheStoreError(
            .dispute,
            "the inputs hold several outputs for \(actions), and a build would take one of them: "
                + parts.joined(separator: "; "),
            member: disputes.first.map { "action \($0.action)" },
            remedy: .findForger
        )
    }
}

extension ActionDispute.Side: CustomStringConvertible {
    /// The output, with the labels and archives that have it.
    public var description: String {
        let places = archives.map { "`\($0)`" }.joined(separator: ", ")
        return "output \(output) of \(labels.map { "`\($0)`" }.joined(separator: ", ")) in \(places)"
    }
}
