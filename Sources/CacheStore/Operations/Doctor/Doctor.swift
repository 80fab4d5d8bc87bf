import SystemPackage

/// An examination that predicts whether builds here will hit the entries of an archive.
///
/// If they will not, the doctor tells why, and how to mend it. A doctor compares the environments that were
/// recorded with the one at hand. If packages are named, the doctor writes what Go reads of the build cache
/// to a temporary directory, and asks the Go command which of the packages it would compile. A doctor changes
/// neither GOCACHE nor GOMODCACHE, downloads nothing, and leaves nothing behind.
public struct Doctor: Sendable {
    /// The options of the examination.
    public var options: Options

    /// The name of the finding about the place of a checkout.
    static let checkoutPath = "checkout path"

    /// Creates a doctor.
    public init(options: Options = Options()) { self.options = options }

    /// Examines an archive.
    ///
    /// - Parameters:
    ///   - archive: The archive.
    ///   - progress: Called with the progress of the work.
    /// - Returns: A report with the prediction and the findings behind it.
    /// - Throws: ``CacheStoreError`` (``CacheStoreError/Code/goCommand`` if Go can't be asked,
    ///   ``CacheStoreError/Code/badArgument`` for a label that the archive does not have, or the errors of
    ///   ``Restore`` where packages are judged), or `CancellationError`.
    @discardableResult
    public func run(_ archive: some ArchiveReference, progress: ProgressHandler? = nil) async throws -> Report
    {
        let archive = try archive.open()
        var go = options.go
        if let directory = options.packages?.directory {
            _ = try Directory(opening: directory)
            go.directory = directory
        }
        // Nothing is downloaded, not even a toolchain.
        go.overrides["GOPROXY"] = "off"
        var here = try await go.environment(withOrigin: true)
        if let path = options.moduleCache {
            here.variables["GOMODCACHE"] = path.lexicallyNormalized().string
        }
        let members = try await members(of: archive)
        let findings =
            try await buildCacheFindings(members, go, here)
            + Self.findings(members.sources, holders: members.holders, here)
            + ZippedModules.findings(members.zipped, members.sources, here)
            + AbsentModules.findings(members.trees, members.sources, here)
        let predictions = Self.predictions(members.holders, findings)
        var report = Report(
            digest: members.digest,
            environment: here,
            prediction: Self.prediction(predictions),
            sources: predictions,
            packages: nil,
            findings: findings
        )
        if let packages = options.packages {
            let trial = PackageTrial(go: go, packages: packages, environment: here)
            try await trial.run(archive, options, &report, progress)
        }
        report.findings.sort { $0.severity > $1.severity }
        return report
    }

    /// The members of an archive that the settings are judged by.
    struct Members: Sendable {
        /// The archive's digest.
        var digest: ObjectID

        /// The sources to judge.
        var sources: [Source]

        /// The sources that hold compiled packages.
        var holders: [Source]

        /// The IDs of some action entries, evenly spread over all.
        var sample: [ObjectID]

        /// The modules of which the archive holds only a zip.
        var zipped: [ZippedModules.Module]

        /// The modules of which the archive holds the tree.
        var trees: [ZippedModules.Module]
    }

    /// Reads the members of an archive.
    private func members(of archive: Archive) async throws -> Members {
        let labels = options.only
        return try await WorkerThreads.perform {
            let reader = try archive.index()
            var counts = [Int](repeating: 0, count: reader.sourceSets.sets.count)
            var (isPackage, hasPackage) = (BitArray(), counts.map { _ in false })
            let all = try CheckedIndex(of: archive, reader) { cursor in
                guard let output = cursor.output else { return }
                isPackage.append([.package, .main].contains(output.contentClass))
            } action: { row in
                counts[row.sources.index] += 1
                if isPackage[row.output.index] { hasPackage[row.sources.index] = true }
            }.set
            let set = try labels.map { try all.selecting($0) } ?? all
            let isWanted = try labels.map { try all.sets(ofAny: $0) } ?? counts.map { _ in true }
            let sources = set.sources.filter { labels?.contains($0.label) ?? true }
            let held = counts.indices.filter { isWanted[$0] && counts[$0] > 0 }
            let numbers = Set(held.filter { hasPackage[$0] }.flatMap { set.sourceSets.sets[$0] })
            let holding = Set(numbers.map { set.sources[$0].label })
            return Members(
                digest: reader.digest,
                sources: sources,
                holders: sources.filter { holding.contains($0.label) },
                sample: try Self.sample(of: reader, held.reduce(0) { $0 + counts[$1] }, isWanted),
                zipped: ZippedModules.modules(of: set),
                trees: AbsentModules.modules(of: set)
            )
        }
    }

    /// The number of entries to look for in GOCACHE; less than twice as many are taken.
    private static let sampleSize = 256

    /// Returns the IDs of some action entries, evenly spread over all that are wanted.
    ///
    /// - Parameters:
    ///   - reader: The index, which must have been checked.
    ///   - count: The number of wanted entries.
    ///   - isWanted: For each set of sources, whether its entries are wanted.
    /// - Returns: The IDs.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``.
    private static func sample(
        of reader: IndexReader,
        _ count: Int,
        _ isWanted: [Bool]
    ) throws -> [ObjectID] {
        let stride = max(1, count / sampleSize)
        var (sample, position): ([ObjectID], Int) = ([], 0)
        let actions = try ActionCursor(reader)
        while let row = try actions.next() {
            guard isWanted[row.sources.index] else { continue }
            if position % stride == 0 { sample.append(row.id) }
            position += 1
        }
        return sample
    }

    // MARK: - Findings of the settings

    /// Returns the findings that comparisons alone can make.
    static func findings(_ sources: [Source], holders: [Source], _ here: GoEnvironment) -> [Finding] {
        guard !holders.isEmpty else {
            let labels = sources.map(\.label)
            return [
                Finding(
                    code: .noEntries,
                    setting: "GOCACHE",
                    recorded: labels.isEmpty ? [] : [Finding.Recorded(value: "", sources: labels)],
                    here: nil,
                    severity: .nothingHits,
                    loss: "the archive holds no compiled packages: everything is compiled",
                    mend: "pack the build cache, too, after a build has filled it, and let no selection "
                        + "leave out all packages"
                )
            ]
        }
        return Compatibility.findings(for: holders, at: here) + unknowns(holders) + notes(holders, here)
    }

    private static func unknowns(_ sources: [Source]) -> [Finding] {
        let unknown = sources.filter { !$0.environment.isKnown }
        guard !unknown.isEmpty else { return [] }
        return [
            Finding(
                code: .unknownEnvironment,
                setting: "Go environment",
                recorded: [Finding.Recorded(value: "", sources: unknown.map(\.label))],
                here: nil,
                severity: .unknown,
                loss: "no Go environment was recorded, so nothing can tell whether these entries will hit",
                mend: Remedy.recordEnvironment.description,
                remedy: .recordEnvironment
            )
        ]
    }

    /// Returns notes on matters that no recorded setting tells, but that everybody should know.
    private static func notes(_ sources: [Source], _ here: GoEnvironment) -> [Finding] {
        let known = sources.filter(\.environment.isKnown)
        var notes: [Finding] = []
        let untrimmed = known.filter { !$0.environment.trimsPaths || !here.trimsPaths }
        if !untrimmed.isEmpty {
            notes.append(
                Finding(
                    code: .checkoutPath,
                    setting: checkoutPath,
                    recorded: [Finding.Recorded(value: "", sources: untrimmed.map(\.label))],
                    here: nil,
                    severity: .note,
                    loss:
                        "without -trimpath, packages of the programs themselves hit only at the path where "
                        + "the job built them",
                    mend:
                        "check out at one path in the jobs and here, or build with -trimpath in the jobs "
                        + "and here"
                )
            )
        }
        if let others = othersServed(known, here) { notes.append(others) }
        let distribution = GoEnvironment.distribution
        let unsure = known.filter {
            $0.environment["CGO_ENABLED"] == "1" && $0.environment[distribution].isEmpty
        }
        if here.usesCgo, !unsure.isEmpty {
            notes.append(
                Finding(
                    code: .distribution,
                    setting: distribution,
                    recorded: [Finding.Recorded(value: "", sources: unsure.map(\.label))],
                    here: here[distribution],
                    severity: .note,
                    loss: "the jobs used cgo, and no key holds the system's headers and libraries",
                    mend: "run the jobs on the image's distribution, or use CGO_ENABLED=0 in both"
                )
            )
        }
        return notes
    }

    /// Returns a note on sources of which only some packages serve builds here.
    private static func othersServed(_ sources: [Source], _ here: GoEnvironment) -> Finding? {
        let shares = sources.compactMap { source -> (share: String, label: String)? in
            guard let some = source.packages(serving: here), some > 0 else { return nil }
            let all = source.environment.origins.reduce(0) { $0 + $1.packages }
            return some == all ? nil : ("\(some) of \(all) packages", source.label)
        }
        guard !shares.isEmpty, let target = BuildTarget(here) else { return nil }
        return Finding(
            code: .packageOrigins,
            setting: "origins of packages",
            recorded: Dictionary(grouping: shares, by: \.share).sorted { $0.key.precedes($1.key) }.map {
                Finding.Recorded(value: $0, sources: $1.map(\.label))
            },
            here: target.words,
            severity: .note,
            loss: "only so many packages are of \(target.words); the others serve other builds",
            mend: ""
        )
    }

    /// Returns the predictions for the packages that each source built, by label.
    static func predictions(_ sources: [Source], _ findings: [Finding]) -> [String: Doctor.Report.Prediction]
    {
        var worst: [String: Finding.Severity] = [:]
        for finding in findings {
            for label in finding.recorded.lazy.flatMap(\.sources) {
                worst[label] = max(worst[label] ?? .note, finding.severity)
            }
        }
        let pairs = sources.map { ($0.label, Doctor.Report.Prediction(worst[$0.label] ?? .note)) }
        return Dictionary(pairs) { first, _ in first }
    }

    /// Returns the prediction for builds here, given the predictions for each source.
    static func prediction(_ sources: [String: Doctor.Report.Prediction]) -> Doctor.Report.Prediction {
        let all = sources.values
        if all.allSatisfy({ $0 == .nothingHits }) { return .nothingHits }
        if all.contains(where: { [.nothingHits, .someMiss].contains($0) }) { return .someMiss }
        return all.contains(.unknown) ? .unknown : .hits
    }
}

extension Doctor.Report.Prediction {
    /// Creates the prediction for a source whose worst finding has this severity.
    init(_ severity: Finding.Severity) {
        self =
            switch severity {
            case .note: .hits
            case .unknown: .unknown
            case .someMiss: .someMiss
            case .nothingHits: .nothingHits
            }
    }
}
