/// Three comparisons of Go environments by the table ``Setting/all``, which predict what will miss.
///
/// Where the origins of a source's packages are known, they take the place of the toolchain and the target
/// that `go env` named in the job. One of the origins suffices to serve a build.
enum Compatibility {
    // MARK: - Findings

    /// Finds the settings in which sources differ from the environment at hand.
    ///
    /// - Parameters:
    ///   - sources: The sources.
    ///   - here: The environment at hand.
    /// - Returns: One finding per setting that differs, in the order of the table. Unknown values are not
    ///   compared.
    static func findings(for sources: [Source], at here: GoEnvironment) -> [Finding] {
        let sources = sources.map { $0.asServing(here) }
        return Setting.all.compactMap { setting in
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

    /// Returns whether each source differs from the environment at hand in a setting by which all of its
    /// entries miss.
    ///
    /// - Parameters:
    ///   - sources: The sources that hold entries of a build cache.
    ///   - here: The environment at hand, as far as it is known.
    /// - Returns: Whether nothing hits; `false` if there are no sources.
    static func nothingHits(of sources: [Source], at here: GoEnvironment) -> Bool {
        let lost = findings(for: sources, at: here).filter { $0.severity == .nothingHits }
        let labels = Set(lost.flatMap(\.sources))
        return !sources.isEmpty && sources.allSatisfy { labels.contains($0.label) }
    }

    // MARK: - Warnings

    /// Returns warnings about sources that can't serve one build together.
    static func warnings(among sources: [Source]) -> [Warning] {
        // A source without a recorded environment can't be compared.
        let known = Source.asServingOneBuild(sources.filter(\.environment.isKnown))
        return Setting.all.compactMap { setting in
            guard !setting.isOnlyHere, setting.severity > .note || setting.code == .distribution else {
                return nil
            }
            let comparable = known.filter { setting.value($0.environment) != nil }
            let recorded = recorded(setting, comparable)
            guard recorded.count > 1, setting.isRelevant(comparable.map(\.environment)) else { return nil }
            let values = recorded.map {
                let words = Finding.words(for: $0.value, of: setting.name)
                return "\(words) (\($0.sources.joined(separator: ", ")))"
            }
            return Warning(
                code: warningCode(setting.code),
                message:
                    "the sources differ in \(Finding.variable(of: setting.name)): "
                    + "\(values.joined(separator: ", ")); "
                    + "\(setting.loss)"
            )
        }
    }

    /// Returns warnings about sources whose entries will not hit in the environment at hand.
    ///
    /// Each setting that makes everything miss has a warning of its own. GOMODCACHE has one, too. The
    /// distribution also has one, because entries of the wrong distribution hit. The other settings share one
    /// warning.
    ///
    /// - Parameters:
    ///   - sources: The sources.
    ///   - here: The environment at hand, as far as it is known.
    /// - Returns: The warnings.
    static func warnings(for sources: [Source], restoredTo here: GoEnvironment) -> [Warning] {
        let findings = findings(for: sources, at: here)
        let own = findings.filter {
            $0.severity == .nothingHits || $0.code == .distribution
                || ($0.code == .moduleCachePath && $0.severity == .someMiss)
        }
        let shared = findings.filter { $0.severity == .someMiss && $0.code != .moduleCachePath }
        var warnings = own.map { finding in
            let variable = Finding.variable(of: finding.setting)
            let message =
                "the sources were packed with another \(variable): \(finding.values); \(finding.loss)"
            if finding.code == .moduleCachePath, let path = finding.recorded.first?.value {
                // A command may have an option of its own for the path.
                return Warning(code: .moduleCachePath, message: message, remedy: .useModuleCache(at: path))
            }
            return Warning(code: warningCode(finding.code), message: "\(message); \(finding.mend)")
        }
        if !shared.isEmpty {
            let names = shared.map(\.setting.excerpt).joined(separator: ", ")
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

    /// Returns the values that sources have, in order, each with the labels of its sources.
    private static func recorded(_ setting: Setting, _ sources: [Source]) -> [Finding.Recorded] {
        Dictionary(grouping: sources, by: { setting.value($0.environment) ?? "" })
            .sorted { $0.key.precedes($1.key) }
            .map { Finding.Recorded(value: $0, sources: $1.map(\.label)) }
    }
}
