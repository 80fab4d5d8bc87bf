/// What will miss because Go environments differ: the table of ``Setting/all``, asked in three ways.
enum Compatibility {
    // MARK: - A doctor's question

    /// Finds where sources differ from the environment at hand.
    ///
    /// - Parameters:
    ///   - sources: The sources.
    ///   - here: The environment at hand.
    /// - Returns: One finding a setting, in the order of the table; what is not known is not compared.
    static func findings(for sources: [Source], at here: GoEnvironment) -> [Finding] {
        Setting.all.compactMap { setting in
            let others = sources.filter { setting.differs($0.environment, here) }
            let recorded = recorded(setting, others)
            guard let first = recorded.first, let value = setting.value(here) else { return nil }
            return Finding(
                code: setting.code,
                setting: setting.name,
                recorded: recorded,
                here: value,
                severity: setting.severity,
                loss: setting.loss,
                mend: setting.mend(first.value, value)
            )
        }
    }

    // MARK: - Warnings

    /// Warns of sources that can't serve one build together.
    static func warnings(among sources: [Source]) -> [Warning] {
        // A source without any record says nothing.
        let known = sources.filter(\.environment.isKnown)
        return Setting.all.compactMap { setting in
            guard setting.severity > .note || setting.code == .distribution else { return nil }
            let comparable = known.filter { setting.value($0.environment) != nil }
            let recorded = recorded(setting, comparable)
            guard recorded.count > 1, setting.isRelevant(comparable.map(\.environment)) else { return nil }
            let values = recorded.map {
                "\(Finding.quoted($0.value)) (\($0.sources.joined(separator: ", ")))"
            }
            return Warning(
                code: warningCode(setting.code),
                message:
                    "the sources differ in \(setting.name): \(values.joined(separator: ", ")); \(setting.loss)"
            )
        }
    }

    /// Warns of sources whose entries will not hit where they are restored to.
    ///
    /// Each setting that makes everything miss, GOMODCACHE, and the distribution, with which what is wrong hits,
    /// has a warning of its own; the others share one.
    ///
    /// - Parameters:
    ///   - sources: The sources.
    ///   - here: What is known of the environment at hand.
    /// - Returns: The warnings.
    static func warnings(for sources: [Source], restoredTo here: GoEnvironment) -> [Warning] {
        let findings = findings(for: sources, at: here)
        let own = findings.filter {
            $0.severity == .nothingHits || $0.code == .distribution
                || ($0.code == .moduleCachePath && $0.severity == .someMiss)
        }
        let shared = findings.filter { $0.severity == .someMiss && $0.code != .moduleCachePath }
        var warnings = own.map { finding in
            Warning(
                code: warningCode(finding.code),
                message:
                    "the sources were packed with another \(finding.setting): \(finding.values); \(finding.loss); \(finding.mend)"
            )
        }
        if !shared.isEmpty {
            let names = shared.map(\.setting).joined(separator: ", ")
            let message = "some packages will be compiled again, because of \(names)"
            warnings.append(Warning(code: .goSettings, message: message, remedy: .diagnose))
        }
        return warnings
    }

    private static func warningCode(_ code: Finding.Code) -> Warning.Code {
        switch code {
        case .goVersion, .goTarget: .goVersion
        case .moduleCachePath: .moduleCachePath
        case .distribution: .distribution
        default: .goSettings
        }
    }

    /// The values that sources have, ordered, each with the labels of those that have it.
    private static func recorded(_ setting: Setting, _ sources: [Source]) -> [Finding.Recorded] {
        Dictionary(grouping: sources, by: { setting.value($0.environment) ?? "" })
            .sorted { $0.key.precedes($1.key) }
            .map { Finding.Recorded(value: $0, sources: $1.map(\.label)) }
    }
}
