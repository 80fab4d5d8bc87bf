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
    /// - Complexity: O(*n*) in the bytes of compiled packages, less what they need not be read for; a chunk and its
    ///   frame of memory for each thread.
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
            let chunks = output.chunks.numbers.map { set.chunks[Int($0)] }
            let package = try CompiledPackage.read(size: output.size) { range in
                try cancellation.check()
                var bytes: [UInt8] = []
                bytes.reserveCapacity(range.count)
                try reader.read(range, of: chunks) { bytes += $0 }
                return bytes
            }
            if let package { found.update { $0[packages[index]] = package } }
            counters.add(bytes: output.size)
        }
        return found.value
    }
}
