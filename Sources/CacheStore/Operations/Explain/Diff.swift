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
    ///   differ, without the parts that need not be read; memory for the members of GOMODCACHE of both
    ///   archives, and some bytes per output.
    @discardableResult
    public func run(
        _ first: some ArchiveReference,
        _ second: some ArchiveReference,
        progress: ProgressHandler? = nil
    ) async throws -> Report {
        let (first, second) = (try first.open(), try second.open())
        return try await ProgressCounters.reporting(to: progress) { counters in
            counters.begin("reading indexes", bytes: 0, items: 2)
            let indexes = try await WorkerThreads.perform {
                var (indexes, readers): ([ExplainedIndex], [IndexReader]) = ([], [])
                for archive in [first, second] {
                    let reader = try archive.index()
                    indexes.append(try ExplainedIndex(of: archive, reader))
                    readers.append(reader)
                }
                try ExplainedIndex.keepChanges(&indexes, readers)
                return indexes
            }
            let removed = try await tables(indexes[0], lacking: indexes[1].set, counters)
            let added = try await tables(indexes[1], lacking: indexes[0].set, counters)
            return Report(removed, added, fileBytes: (first.fileBytes, second.fileBytes))
        }
    }

    private func tables(
        _ index: ExplainedIndex,
        lacking other: MemberSet,
        _ counters: ProgressCounters
    ) async throws -> ExplanationTables {
        let changes = MemberChanges(of: index.set, from: other)
        return try await ExplainedRows.tables(of: index, jobs: options.jobs, counters) { kind, position in
            changes.contains(kind, at: position)
        }
    }
}
