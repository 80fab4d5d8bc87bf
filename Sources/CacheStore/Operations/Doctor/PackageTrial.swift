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
        var go = go
        go.keep(in: scratch)
        try await go.keepCacheProgramOut(in: scratch)
        go.overrides["GOMODCACHE"] = environment["GOMODCACHE"]
        go.overrides["GOFLAGS"] = GoFlags.decisive(of: environment["GOFLAGS"])
        // Its output would stand between the lines of Go that are read.
        go.overrides["GODEBUG"] = " "
        let command = PackageCommand(go: go, patterns: packages.patterns)
        if let complaint = try await command.complaint(aboutFlags: environment["GOFLAGS"]) {
            fail([], complaint, lacking: [], &report)
            return
        }
        try await ProgressCounters.reporting(to: progress) { counters in
            let threads = WorkerThreads.count(for: options.jobs)
            let cache = TrialCache(
                archive: archive,
                only: options.only,
                threads: threads,
                counters: counters
            )
            try await cache.write(to: scratch.path.appending("go-build"))
        }
        guard let judged = try await judge(command, archive, options, &report, progress) else { return }
        if packages.compiles, !judged.missing.isEmpty {
            try await compile(command, judged, archive, options, scratch, &report, progress)
        }
        conclude(&report)
    }

    /// Asks Go which packages it would compile, and finds out why.
    ///
    /// - Returns: The judgement, which is in the report, too; `nil` if the packages can't be judged.
    private func judge(
        _ command: PackageCommand,
        _ archive: Archive,
        _ options: Doctor.Options,
        _ report: inout Doctor.Report,
        _ progress: ProgressHandler?
    ) async throws -> Doctor.Report.Packages? {
        let dry = try await command.compiles()
        let listed = try await command.list()
        guard let order = dry.importPaths else {
            let broken = listed.filter { !$0.error.isEmpty }
            let lost = try await modules(among: dry.modules, lackingIn: archive, options.only)
            fail(broken, dry.complaint, lacking: lost, &report)
            return nil
        }
        var missing = PackageDiagnosis(order, among: listed, report).missing
        let moved = try await movedCheckout(missing, listed, archive, options, progress)
        if let moved {
            missing = PackageDiagnosis(order, among: listed, report, moved: moved).missing
        }
        // What Go has proved needs no note that casts doubt on it.
        if moved != nil || !missing.contains(where: { own($0, among: listed) != nil }) {
            report.findings.removeAll { $0.code == .checkoutPath }
        }
        if let moved { report.findings.append(moved.finding) }
        let judged = Doctor.Report.Packages(
            directory: packages.directory,
            patterns: packages.patterns,
            total: listed.count { !$0.name.isEmpty && $0.importPath != "unsafe" },
            missing: missing,
            compiles: missing.count(where: \.isCertain)...missing.count
        )
        report.packages = judged
        return judged
    }

    /// Compiles the missing packages in a build cache that holds everything, and counts them.
    private func compile(
        _ command: PackageCommand,
        _ judged: Doctor.Report.Packages,
        _ archive: Archive,
        _ options: Doctor.Options,
        _ scratch: ScratchDirectory,
        _ report: inout Doctor.Report,
        _ progress: ProgressHandler?
    ) async throws {
        var restoring = Restore.Options()
        restoring.only = options.only
        restoring.jobs = options.jobs
        let whole = scratch.path.appending("go-build-whole")
        _ = try await Restore(options: restoring).run(
            archive,
            into: GoCaches(buildCache: whole, moduleCache: nil),
            progress: progress
        )
        var go = command.go
        go.overrides["GOCACHE"] = whole.string
        let (count, complaint) = try await PackageCommand(go: go, patterns: command.patterns).compileAll()
        if let count {
            report.packages?.compiles = count...count
        } else {
            report.findings.append(Self.finding(.brokenPackages, "they do not compile: \(complaint)"))
        }
    }

    /// Makes Go's judgement the prediction.
    private func conclude(_ report: inout Doctor.Report) {
        guard let judged = report.packages else { return }
        let count = judged.missing.count
        report.prediction = count == 0 ? .hits : count < judged.total ? .someMiss : .nothingHits
        if count > 0 {
            report.findings.append(Self.finding(judged, report.prediction))
        } else {
            // What Go has proved is not doubted: differences that keep other packages from hitting are notes.
            for index in report.findings.indices where report.findings[index].code != .buildCache {
                report.findings[index].severity = .note
                report.findings[index].mend = ""
            }
        }
        // Go was asked with a cache of its own.
        let lacksCache = report.findings.contains { $0.code == .buildCache && $0.severity == .nothingHits }
        if lacksCache { report.prediction = .nothingHits }
    }

    // MARK: - The place of the checkout

    /// Returns the listed package if its sources lie in the checkout, and not in GOROOT or GOMODCACHE.
    private func own(
        _ package: Doctor.Report.MissingPackage,
        among listed: [PackageCommand.Listed]
    ) -> PackageCommand.Listed? {
        listed.first {
            $0.importPath == package.importPath && !$0.directory.isEmpty
                && !$0.directory.hasPrefix("\(environment.moduleCache ?? "")/")
        }
    }

    /// Compares the place of the checkout with those in the jobs, if packages miss for no other reason.
    private func movedCheckout(
        _ missing: [Doctor.Report.MissingPackage],
        _ listed: [PackageCommand.Listed],
        _ archive: Archive,
        _ options: Doctor.Options,
        _ progress: ProgressHandler?
    ) async throws -> MovedCheckout? {
        let puzzling = missing.filter { $0.setting == nil }.compactMap { own($0, among: listed) }
        guard !puzzling.isEmpty, !environment.trimsPaths else { return nil }
        return try await ProgressCounters.reporting(to: progress) { counters in
            let built = try await BuiltPlaces(
                of: MovedCheckout.names(of: puzzling),
                in: archive,
                only: options.only,
                jobs: options.jobs,
                counters
            )
            return MovedCheckout(puzzling, built)
        }
    }

    // MARK: - Findings

    /// Writes the finding that the packages can't be judged.
    ///
    /// - Parameters:
    ///   - broken: The packages that have an error.
    ///   - complaint: Go's own words about all packages.
    ///   - modules: The modules that neither GOMODCACHE nor the archive has.
    ///   - report: The report that receives the finding.
    private func fail(
        _ broken: [PackageCommand.Listed],
        _ complaint: String,
        lacking modules: [String],
        _ report: inout Doctor.Report
    ) {
        // "GOPROXY=off" is all that Go says about a module that would have to be downloaded.
        let offline = "GOPROXY=off"
        let absent = broken.first { $0.error.contains(offline) }
        let words = (absent ?? broken.first).map { "`\($0.importPath)`: \($0.error)" } ?? complaint
        report.findings.append(
            absent != nil || complaint.contains(offline)
                ? Self.finding(missing: modules, words, packages)
                : Self.finding(.brokenPackages, "they can't be loaded: \(words)")
        )
        if report.prediction == .hits { report.prediction = .unknown }
    }

    /// Returns those modules, `path@version`, that an archive does not hold.
    private func modules(
        among modules: [String],
        lackingIn archive: Archive,
        _ only: [String]?
    ) async throws -> [String] {
        guard !modules.isEmpty else { return [] }
        return try await WorkerThreads.perform {
            let all = try CheckedIndex(of: archive, archive.index()).set
            let set = try only.map { try all.selecting($0) } ?? all
            let zips = set.downloads.filter { $0.kind == .zip }.map(\.module)
            let held = Set((set.trees.map(\.module) + zips).map(\.unescaped))
            return Set(modules).subtracting(held).sorted { $0.precedes($1) }
        }
    }

    private static func finding(
        missing modules: [String],
        _ words: String,
        _ packages: Doctor.Options.Packages
    ) -> Finding {
        let names = modules.map { "`\($0)`" }.joined(separator: ", ")
        let isLost = !modules.isEmpty
        return Finding(
            code: .missingModule,
            setting: "packages",
            recorded: [],
            here: packages.directory.string,
            severity: .unknown,
            loss: "the packages can't be judged, for a module is not in GOMODCACHE here"
                + (isLost ? ", and the archive does not hold \(names) either" : "") + ": \(words)",
            mend: isLost
                ? "take the archive of which no selection left it out, or let the job download it and pack "
                    + "again; a pack leaves out a module that was changed in place, which `go mod verify` "
                    + "finds in the job"
                : Remedy.restoreFirst.description,
            remedy: isLost ? nil : .restoreFirst
        )
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
