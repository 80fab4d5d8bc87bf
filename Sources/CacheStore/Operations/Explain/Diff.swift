/// An operation that finds the differences between two archives.
///
/// A member is a key and its value; the sources that hold the member make no difference. Only compiled
/// packages that one archive alone has are decoded, each only as far as needed to find the package's name.
public struct Diff: Sendable {
    /// Options of a ``Diff``.
    public struct Options: Hashable, Sendable {
        /// The number of threads, or `nil` for one per processor; it changes only the time.
        public var jobs: Int?

        /// Creates options with the defaults above.
        public init() {}
    }

    /// The options of the comparison.
    public var options: Options

    /// Creates a comparison.
    public init(options: Options = Options()) { self.options = options }

    /// Compares two archives.
    ///
    /// - Parameters:
    ///   - first: An archive; members that it alone has count as removed.
    ///   - second: Another archive; members that it alone has count as added.
    ///   - progress: Called with the progress of the work.
    /// - Returns: A report on the members that differ.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``, or
    ///   `CancellationError`.
    /// - Complexity: O(*n* log *n*) in the members, and O(*n*) in the bytes of the compiled packages that
    ///   differ, without the parts that need not be read; memory for both indexes.
    @discardableResult
    public func run(
        _ first: some ArchiveReference,
        _ second: some ArchiveReference,
        progress: ProgressHandler? = nil
    ) async throws -> Report {
        let (first, second) = (try first.open(), try second.open())
        return try await ProgressCounters.reporting(to: progress) { counters in
            counters.begin("reading indexes", bytes: 0, items: 2)
            let sets = try await WorkerThreads.perform {
                let sets = (try first.members().set, try second.members().set)
                return (MemberChanges(of: sets.0, from: sets.1), MemberChanges(of: sets.1, from: sets.0))
            }
            let removed = try await tables(sets.0, of: first, lacking: sets.1.set, counters)
            let added = try await tables(sets.1, of: second, lacking: sets.0.set, counters)
            return Report(removed, added, fileBytes: (first.fileBytes, second.fileBytes))
        }
    }

    private func tables(
        _ changes: MemberChanges,
        of archive: Archive,
        lacking other: MemberSet,
        _ counters: ProgressCounters
    ) async throws -> ExplanationTables {
        let outputs = changes.set.outputs.indices.filter { changes.contains(.output, at: $0) }
            .map { OutputNumber($0) }
        let names = try await PackageNames(
            of: changes.set,
            outputs,
            in: archive,
            jobs: options.jobs,
            counters
        )
        return try await WorkerThreads.perform {
            var tables = ExplanationTables(changes.set, names, other: other)
            tables.gather { changes.contains($0, at: $1) }
            return tables
        }
    }
}
