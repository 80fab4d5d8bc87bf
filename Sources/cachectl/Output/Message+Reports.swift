import CacheStore

extension Message {
    /// The greatest number of examples in the messages about one report.
    private static let exampleLimit = 10

    /// Returns warnings about entries that a pack left out because of damage, one per reason, with examples.
    static func leftOut(_ entries: [LeftOut]) -> [Message] {
        let byReason = Dictionary(grouping: entries.filter(\.reason.isDamage), by: \.reason)
        let share = max(1, exampleLimit / max(1, byReason.count))
        let warnings = LeftOut.Reason.all.compactMap { reason -> Message? in
            guard let entries = byReason[reason] else { return nil }
            let count = HumanFormat.count(entries.count, "entry", "entries")
            return Message(
                .warning,
                "left out \(count): \(words(for: reason))\(consequence(of: reason))",
                examples: examples(entries, atMost: share) { "`\($0.path)`: \($0.explanation)" }
            )
        }
        return warnings + allListed(if: byReason.values.contains { isCut($0, atMost: share) })
    }

    /// The greatest number of warnings of one kind in a summary.
    private static let warningLimit = 20

    /// Returns messages for the first warnings of each kind, and one for the rest of each kind.
    static func summary(_ warnings: [CacheStore.Warning]) -> [Message] {
        let counts = Dictionary(grouping: warnings, by: \.code).mapValues(\.count)
        var shown: [CacheStore.Warning.Code: Int] = [:]
        return warnings.compactMap { warning in
            let number = shown[warning.code, default: 0]
            shown[warning.code] = number + 1
            if number < warningLimit { return Message(warning) }
            guard number == warningLimit, let count = counts[warning.code] else { return nil }
            let rest = HumanFormat.count(count - warningLimit, "more warning", "more warnings")
            return Message(.warning, "\(rest) of this kind: without `--quiet`, all are shown")
        }
    }

    /// Returns the numbers of entries that were left out for each reason, damage or not; `nil` if there are
    /// none.
    static func leftOutCounts(_ entries: [LeftOut]) -> String? {
        let byReason = Dictionary(grouping: entries, by: \.reason)
        let counts = LeftOut.Reason.all.compactMap { reason in
            byReason[reason].map { "\(words(for: reason)) (\(HumanFormat.count($0.count)))" }
        }
        return counts.isEmpty ? nil : counts.joined(separator: "; ")
    }

    /// Returns a warning with examples for the members on which the inputs of a union disagree.
    static func disagreements(_ disagreements: [Disagreement]) -> [Message] {
        guard !disagreements.isEmpty else { return [] }
        let count = HumanFormat.count(disagreements.count, "member", "members")
        let warning = Message(
            .warning,
            "the inputs disagree on \(count), and one value was kept by rule",
            examples: examples(disagreements, atMost: exampleLimit) {
                let dropped = $0.dropped.map { "`\($0)`" }.joined(separator: ", ")
                return "\($0.kind.rawValue) `\($0.name)`: kept `\($0.kept)`, dropped \(dropped)"
            }
        )
        return [warning] + allListed(if: isCut(disagreements, atMost: exampleLimit))
    }

    /// Returns a warning with examples for the action IDs for which the inputs of a union hold several
    /// outputs.
    static func disputes(_ disputes: [ActionDispute], _ policy: Union.DisputePolicy) -> [Message] {
        guard !disputes.isEmpty else { return [] }
        let count = HumanFormat.count(disputes.count, "action", "actions")
        let consequence =
            policy == .drop
            ? "their entries were left out, and Go runs them again"
            : "a restore takes the first of each; `--on-conflict drop` leaves them out, `fail` refuses them"
        return Self.disputes(disputes, "the inputs hold several outputs for \(count): \(consequence)")
    }

    /// Returns a warning with examples for the action IDs for which a selection keeps several outputs.
    static func disputes(ofSelection disputes: [ActionDispute]) -> [Message] {
        guard !disputes.isEmpty else { return [] }
        let count = HumanFormat.count(disputes.count, "action", "actions")
        return Self.disputes(
            disputes,
            "the inputs hold several outputs for \(count): a restore takes the first of each; "
                + "`cachectl union --on-conflict drop` leaves them out, `fail` refuses them"
        )
    }

    private static func disputes(_ disputes: [ActionDispute], _ sentence: String) -> [Message] {
        let warning = Message(
            .warning,
            sentence,
            examples: examples(disputes, atMost: exampleLimit) { "\($0): action `\($0.action)`" }
        )
        return [warning] + allListed(if: isCut(disputes, atMost: exampleLimit))
    }

    private static func allListed(if isCut: Bool) -> [Message] {
        isCut ? [Message(.hint, "`--json` lists all of them")] : []
    }

    /// Returns whether the examples are cut; one line above the limit is better than "and 1 more".
    private static func isCut<Element>(_ elements: [Element], atMost limit: Int) -> Bool {
        elements.count > limit + 1
    }

    private static func examples<Element>(
        _ elements: [Element],
        atMost limit: Int,
        _ words: (Element) -> String
    ) -> [String] {
        guard isCut(elements, atMost: limit) else { return elements.map(words) }
        return elements.prefix(limit).map(words) + ["and \(HumanFormat.count(elements.count - limit)) more"]
    }

    /// Returns what follows for builds from leaving out an entry, to be appended to the words for the reason.
    private static func consequence(of reason: LeftOut.Reason) -> String {
        switch reason {
        case .tornAction, .missingOutput, .wrongSize, .wrongContent, .badExecutable:
            "; builds that need it compile again"
        case .wrongModuleHash:
            "; the archive does not hold the module: builds that need it download it again, as it was "
                + "published"
        case .partialModule, .badDownload:
            "; the archive does not hold it: builds that need it download it again"
        case .symbolicLink, .specialFile, .badName, .changed:
            "; the archive does not hold the entry or module: builds that need it compile or download it "
                + "again"
        case .temporary: "; builds do not need it"
        default: ""
        }
    }

    private static func words(for reason: LeftOut.Reason) -> String {
        switch reason {
        case .tornAction: "an action entry that is not as Go writes it"
        case .missingOutput: "an action entry without its output"
        case .wrongSize: "an output that is not as long as its action entry says"
        case .wrongContent: "an output whose content does not match its name"
        case .badExecutable: "an output directory without exactly one executable"
        case .wrongModuleHash: "a module that does not match its hash, or lacks it"
        case .partialModule: "a module that was being extracted"
        case .badDownload: "a module download that is not as Go writes it"
        case .symbolicLink: "a symbolic link where a file or directory should be"
        case .specialFile: "a socket, device or other special file"
        case .badName: "a name that an archive may not hold"
        case .changed: "a file that changed or vanished meanwhile"
        case .temporary: "a file that Go was writing, or left when it was stopped"
        case .bookkeeping: "Go's own bookkeeping, which Go makes again"
        case .checkoutIndex: "the index of a checkout, which Go makes again"
        case .fuzzCorpus: "a fuzz corpus, which is your data"
        case .foreign: "a file that Go does not put there"
        default: "an entry of a kind that this version can't describe"
        }
    }
}
