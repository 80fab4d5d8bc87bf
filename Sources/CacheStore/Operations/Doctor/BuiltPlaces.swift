/// The directories in which an archive's packages were compiled, for some names of packages.
struct BuiltPlaces: Sendable {
    /// By the name that a package states and by the directory of its sources: the sets of sources that hold
    /// such a package.
    private(set) var places: [String: [String: Set<SourceSetNumber>]] = [:]

    /// All sets of sources.
    let sets: SourceSets

    /// The labels of all sources, by position.
    let labels: [String]

    /// The number of packages that are read at a time.
    private static let packagesAtOnce = 1 << 12

    /// Begins without packages.
    init(sets: SourceSets, labels: [String]) { (self.sets, self.labels) = (sets, labels) }

    /// Reads the packages of an archive.
    ///
    /// - Parameters:
    ///   - names: The names to look for, as packages state them: import paths, and `main`.
    ///   - archive: The archive.
    ///   - only: The labels of the sources whose packages count; `nil` for all.
    ///   - jobs: The number of threads, or `nil` for one per processor.
    ///   - counters: The counters to add to.
    /// - Throws: The errors of ``CheckedIndex`` and of ``PackageNames``, or ``CacheStoreError`` with code
    ///   ``CacheStoreError/Code/badArgument`` for a label that no source has.
    /// - Complexity: O(*n*) in the members and in the bytes of the packages up to their names; memory for the
    ///   members of GOMODCACHE, some bits per output, and one chunk and its frame per thread.
    init(
        of names: Set<String>,
        in archive: Archive,
        only: [String]?,
        jobs: Int?,
        _ counters: ProgressCounters
    ) async throws {
        let (candidates, bytes, set) = try await WorkerThreads.perform {
            try Self.candidates(in: archive, only: only)
        }
        self.init(sets: set.sourceSets, labels: set.sources.map(\.label))
        counters.begin("reading packages", bytes: bytes, items: candidates.setCount)
        let cursor = try await WorkerThreads.perform {
            Monitor(try OutputCursor(archive.index(isChecked: true)))
        }
        var found: [OutputNumber: CompiledPackage] = [:]
        while true {
            let (outputs, streams) = try await WorkerThreads.perform {
                try cursor.withLock { try Self.next($0, among: candidates) }
            }
            if streams.isEmpty { break }
            let packages = try await PackageNames.read(streams, in: archive, jobs: jobs, counters)
            for (output, package) in zip(outputs, packages) {
                if let package, names.contains(package.importPath) { found[output] = package }
            }
        }
        let isWanted = try only.map { try set.sets(ofAny: $0) }
        let holders = try await WorkerThreads.perform { [found] in
            var holders: [(CompiledPackage, SourceSetNumber)] = []
            let actions = try ActionCursor(archive.index(isChecked: true))
            while let row = try actions.next() {
                if let package = found[row.output], isWanted?[row.sources] ?? true {
                    holders.append((package, row.sources))
                }
            }
            return holders
        }
        for (package, sources) in holders { add(package, sources) }
    }

    /// Returns the compiled packages of sources, the length of their content in bytes, and the sources.
    private static func candidates(
        in archive: Archive,
        only: [String]?
    ) throws -> (isCandidate: BitArray, bytes: Int, sources: MemberSet) {
        let reader = try archive.index()
        var set = MemberSet()
        (set.sources, set.sourceSets) = (reader.sources, reader.sourceSets)
        let isWanted = try only.map { try set.sets(ofAny: $0) }
        var (isPackage, isCandidate) = (BitArray(), BitArray(count: reader.outputCount))
        _ = try CheckedIndex(of: archive, reader) { cursor in
            guard let output = cursor.output else { return }
            isPackage.append([.package, .main].contains(output.contentClass))
        } action: { row in
            if isPackage[row.output.index], isWanted?[row.sources] ?? true {
                isCandidate[row.output.index] = true
            }
        }
        var bytes = 0
        try reader.forEachOutputSize { number, size in if isCandidate[number.index] { bytes += size } }
        return (isCandidate, bytes, set)
    }

    private static func next(
        _ cursor: OutputCursor,
        among candidates: BitArray
    ) throws -> (outputs: [OutputNumber], streams: [PackageNames.Stream]) {
        var (outputs, streams): ([OutputNumber], [PackageNames.Stream]) = ([], [])
        while streams.count < packagesAtOnce, try cursor.next(), let output = cursor.output {
            guard candidates[cursor.number.index] else { continue }
            outputs.append(cursor.number)
            let chunks = cursor.chunks.map(\.record)
            streams.append(PackageNames.Stream(id: output.id, size: output.size, chunks: chunks))
        }
        return (outputs, streams)
    }

    /// Adds a package that sources hold.
    mutating func add(_ package: CompiledPackage, _ sources: SourceSetNumber) {
        // With -trimpath, the path of a file begins with that of its module.
        guard let file = package.file, file.hasPrefix("/"), let end = file.lastIndex(of: "/") else { return }
        places[package.importPath, default: [:]][String(file[..<end]), default: []].insert(sources)
    }

    /// Returns the labels of the sources in some sets, in order.
    func labels(of numbers: Set<SourceSetNumber>) -> [String] {
        Set(numbers.flatMap { sets[$0] }).sorted().map { labels[$0] }
    }
}
