/// The reasons why packages miss.
struct PackageDiagnosis {
    /// The packages that Go would compile, in Go's order, each with its explanation.
    private(set) var missing: [Doctor.Report.MissingPackage] = []

    /// A finding, with the packages that it explains.
    private struct Cause {
        var setting: String
        var scopes: [Setting.Scope]
        /// Whether the finding keeps the entries of every source from hitting.
        var isCommon: Bool

        /// The import paths of packages that the finding explains besides those in its scopes.
        var packages: Set<String> = []

        func explains(_ package: PackageCommand.Listed) -> Bool {
            if packages.contains(package.importPath) { return true }
            return scopes.contains { scope in
                switch scope {
                case .everything: true
                case .modules: !package.module.isEmpty
                case .cgo: package.usesCgo
                case .mains: package.name == "main"
                case .several, .none: false
                }
            }
        }

        /// Returns whether a package that the finding explains compiles to another result here than in the
        /// job.
        ///
        /// Packages that depend on such a package then miss. The result differs because the compiler writes
        /// the package's directory into the result.
        func changesOutput(of package: PackageCommand.Listed) -> Bool {
            packages.contains(package.importPath)
                || isCommon && scopes.contains(.modules) && !package.module.isEmpty
        }
    }

    private let causes: [Cause]
    private let byPath: [String: PackageCommand.Listed]

    /// Diagnoses packages.
    ///
    /// - Parameters:
    ///   - order: The packages that Go would compile, in Go's order.
    ///   - listed: The descriptions of these packages and of all others.
    ///   - report: The report with the findings so far.
    ///   - moved: The packages whose checkout was at another place in the jobs, if that is known.
    init(
        _ order: [String],
        among listed: [PackageCommand.Listed],
        _ report: Doctor.Report,
        moved: MovedCheckout? = nil
    ) {
        byPath = Dictionary(listed.map { ($0.importPath, $0) }) { first, _ in first }
        let settings = report.findings.map { finding in
            Cause(
                setting: finding.setting,
                scopes: Setting.all.filter { $0.name == finding.setting && $0.severity == finding.severity }
                    .map(\.scope),
                isCommon: Set(finding.sources) == Set(report.sources.keys)
            )
        }
        let places = moved.map {
            [Cause(setting: Doctor.checkoutPath, scopes: [], isCommon: true, packages: $0.packages)]
        }
        causes = settings + (places ?? [])
        let ranks = Dictionary(order.enumerated().map { ($1, $0) }) { first, _ in first }
        missing = order.map { diagnose($0, ranks) }
    }

    private func diagnose(_ path: String, _ ranks: [String: Int]) -> Doctor.Report.MissingPackage {
        guard let package = byPath[path] else {
            return Doctor.Report.MissingPackage(importPath: path, module: "", isCertain: true)
        }
        // This is the first in the order of compilation. Therefore it depends on none of the others.
        let dependencies = package.dependencies.filter { ranks[$0] != nil }
        let first = dependencies.min { ranks[$0, default: 0] < ranks[$1, default: 0] }
        let own = causes.first { $0.explains(package) }
        let changed = dependencies.lazy.compactMap { byPath[$0] }.first { dependency in
            causes.contains { $0.changesOutput(of: dependency) }
        }
        let inherited = first.flatMap { byPath[$0] }.flatMap { dependency in
            causes.first { $0.explains(dependency) }
        }
        return Doctor.Report.MissingPackage(
            importPath: path,
            module: package.module,
            isCertain: first == nil || own?.isCommon == true || changed != nil,
            dependsOn: first,
            setting: (own ?? inherited)?.setting
        )
    }
}
