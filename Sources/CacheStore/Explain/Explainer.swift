/// Finds out where the bytes of an archive are: in which packages, modules and versions.
///
/// Entries of GOCACHE carry no names. So the compiled packages are decoded, as far as each needs to be to say what
/// it is.
public struct Explainer: Sendable {
    /// The labels of the sources to look at; `nil` for all.
    public var only: [String]?

    /// The number of threads, or `nil` for one a processor; it changes nothing but the time.
    public var jobs: Int?

    /// Creates an explainer.
    public init(only: [String]? = nil, jobs: Int? = nil) { (self.only, self.jobs) = (only, jobs) }

    /// Explains an archive.
    ///
    /// - Parameters:
    ///   - archive: The archive.
    ///   - progress: Is told how far the work has come.
    /// - Returns: Where its bytes are.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``, or
    ///   ``CacheStoreError/Code/badArgument`` for a label that no source has; or `CancellationError`.
    /// - Complexity: O(*n*) in the bytes of compiled packages, less what they need not be read for.
    public func run(_ archive: Archive, progress: ProgressHandler? = nil) async throws -> Explanation {
        try await ProgressCounters.reporting(to: progress) { counters in
            counters.begin("reading the index", bytes: 0, items: 0)
            let only = only
            let set = try await WorkerThreads.perform {
                let set = try archive.members().0
                return try only.map { try set.selecting($0) } ?? set
            }
            let outputs = Array(set.outputs.indices)
            let names = try await Self.names(of: set, outputs, in: archive, jobs: jobs, counters)
            return try await WorkerThreads.perform {
                var tables = ExplanationTables(set, names)
                tables.gather { _, _ in true }
                return tables.explanation(fileBytes: archive.fileBytes)
            }
        }
    }

    /// What each of some outputs that is a compiled package says of itself, by its position.
    ///
    /// - Parameters:
    ///   - set: The members.
    ///   - outputs: The positions of the outputs.
    ///   - archive: Their archive.
    ///   - jobs: The number of threads, or `nil` for one a processor.
    ///   - counters: Are told how far the work has come.
    /// - Returns: The names that were found.
    /// - Throws: As ``run(_:progress:)`` does.
    static func names(
        of set: MemberSet,
        _ outputs: [Int],
        in archive: Archive,
        jobs: Int?,
        _ counters: ProgressCounters
    ) async throws -> [Int: CompiledPackage] {
        let packages = outputs.filter {
            [.package, .main].contains(set.outputs[$0].contentClass)
        }
        counters.begin(
            "reading packages",
            bytes: packages.reduce(0) { $0 + set.outputs[$1].size },
            items: packages.count
        )
        let found = Gathered<[Int: CompiledPackage]>([:])
        try await WorkerThreads.forEach(
            below: packages.count,
            threads: WorkerThreads.count(for: jobs),
            state: { try ChunkReader(archive) }
        ) { reader, index, cancellation in
            let output = set.outputs[packages[index]]
            var content: [UInt8] = []
            for number in output.chunks.numbers {
                try cancellation.check()
                try reader.read(set.chunks[Int(number)])
                // Most say it in their first chunk: of the others, what was read so far is kept.
                let isFirst = content.isEmpty
                if !isFirst { content += reader.content }
                let reading = CompiledPackage.read(isFirst ? reader.content : content)
                if case .package(let package) = reading { found.update { $0[packages[index]] = package } }
                guard case .incomplete = reading else { break }
                guard isFirst else { continue }
                // Growing as it goes, an array would take twice as much.
                content.reserveCapacity(output.size)
                content += reader.content
            }
            counters.add(bytes: output.size)
        }
        return found.value
    }
}
