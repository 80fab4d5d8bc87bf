import SystemPackage

/// A trial in which the Go command itself judges packages.
///
/// The archive is restored to a temporary build cache for the trial.
struct PackageTrial {
    let go: GoCommand
    let packages: Doctor.Options.Packages
    let environment: GoEnvironment

    /// Judges the packages and writes the findings into a report.
    ///
    /// - Parameters:
    ///   - archive: The archive.
    ///   - options: The options of the doctor.
    ///   - report: The report that receives the findings; its prediction becomes that of the Go command.
    ///   - progress: Called with the progress of the work.
    /// - Throws: ``CacheStoreError`` or `CancellationError`.
    func run(
        _ archive: Archive,
        _ options: Doctor.Options,
        _ report: inout Doctor.Report,
        _ progress: ProgressHandler?
    ) async throws {
        let scratch = try ScratchDirectory(in: options.temporaryDirectory, name: "cachectl-doctor")
        defer { scratch.remove() }
        var restoring = Restore.Options()
        restoring.only = options.only
        restoring.jobs = options.jobs
        let buildCache = scratch.path.appending("go-build")
        _ = try await Restore(options: restoring).run(
            archive,
            into: GoCaches(buildCache: buildCache, moduleCache: nil),
            progress: progress
        )
        var go = go
        go.keep(in: scratch)
        go.overrides["GOMODCACHE"] = environment["GOMODCACHE"]
        try await judge(PackageCommand(go: go, patterns: packages.patterns), &report)
    }

    private func judge(_ command: PackageCommand, _ report: inout Doctor.Report) async throws {
        let dry = try await command.compiles()
        let listed = try await command.list()
        guard let order = dry.importPaths else {
            fail(listed.first { !$0.error.isEmpty }, dry.complaint, &report)
            return
        }
        let missing = PackageDiagnosis(order, among: listed, report).missing
        let certain = missing.count(where: \.isCertain)
        var judged = Doctor.Report.Packages(
            directory: packages.directory,
            patterns: packages.patterns,
            total: listed.count { !$0.name.isEmpty && $0.importPath != "unsafe" },
            missing: missing,
            compiles: certain...missing.count
        )
        if packages.compiles, !missing.isEmpty {
            let (count, complaint) = try await command.compileAll()
            if let count {
                judged.compiles = count...count
            } else {
                report.findings.append(Self.finding(.brokenPackages, "they do not compile: \(complaint)"))
            }
        }
        report.packages = judged
        report.prediction = missing.isEmpty ? .hits : missing.count < judged.total ? .someMiss : .nothingHits
        if !missing.isEmpty { report.findings.append(Self.finding(judged, report.prediction)) }
    }

    // MARK: - Findings

    private func fail(_ package: PackageCommand.Listed?, _ complaint: String, _ report: inout Doctor.Report) {
        let words = package.map { "`\($0.importPath)`: \($0.error)" } ?? complaint
        // "GOPROXY=off" is all that Go says about a module that would have to be downloaded.
        let isMissing = "\(words) \(complaint)".contains("GOPROXY=off")
        if isMissing {
            report.findings.append(
                Finding(
                    code: .missingModule,
                    setting: "packages",
                    recorded: [],
                    here: packages.directory.string,
                    severity: .unknown,
                    loss: "the packages can't be judged, for a module is not in GOMODCACHE here: \(words)",
                    mend: Remedy.restoreFirst.description,
                    remedy: .restoreFirst
                )
            )
        } else {
            report.findings.append(Self.finding(.brokenPackages, "they can't be loaded: \(words)"))
        }
        if report.prediction == .hits { report.prediction = .unknown }
    }

    private static func finding(_ code: Finding.Code, _ loss: String) -> Finding {
        Finding(
            code: code,
            setting: "packages",
            recorded: [],
            here: nil,
            severity: .unknown,
            loss: "the packages can't be judged, for \(loss)",
            mend: "make `go build` work there first"
        )
    }

    private static func finding(
        _ packages: Doctor.Report.Packages,
        _ prediction: Doctor.Report.Prediction
    ) -> Finding {
        let range = packages.compiles
        let count = range.count == 1 ? "\(range.upperBound)" : "\(range.lowerBound) to \(range.upperBound)"
        let known = packages.missing.compactMap(\.setting)
        return Finding(
            code: .missingPackages,
            setting: "packages",
            recorded: [],
            here: packages.directory.string,
            severity: prediction == .nothingHits ? .nothingHits : .someMiss,
            loss: "\(count) of \(packages.total) packages are compiled again",
            mend: known.isEmpty
                ? "build these packages with these settings in a job that is packed"
                : "have here what the jobs had, or pack a job that has what is here"
        )
    }
}
