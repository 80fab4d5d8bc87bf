/// An operation that finds out which packages, modules and versions take the bytes of an archive.
///
/// Entries of GOCACHE carry no names. Therefore the compiled packages are decoded, each only as far as needed
/// to find the package's name.
public struct Explain: Sendable {
    /// Options of an ``Explain``.
    public struct Options: Hashable, Sendable {
        /// The labels of the sources to examine; `nil` for all.
        public var only: [String]?

        /// The number of threads, or `nil` for one per processor; it changes only the time.
        public var jobs: Int?

        /// Creates options with the defaults above.
        public init() {}
    }

    /// The options of the explanation.
    public var options: Options

    /// Creates an explanation.
    public init(options: Options = Options()) { self.options = options }

    /// Explains an archive.
    ///
    /// - Parameters:
    ///   - archive: The archive.
    ///   - progress: Called with the progress of the work.
    /// - Returns: A report on where the bytes are.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``, or
    ///   ``CacheStoreError/Code/badArgument`` for a label that no source has; or `CancellationError`.
    /// - Complexity: O(*n*) in the bytes of compiled packages, without the parts that need not be read;
    ///   memory for the members of GOMODCACHE, some bytes per output, and one chunk and its frame per thread.
    @discardableResult
    public func run(_ archive: some ArchiveReference, progress: ProgressHandler? = nil) async throws -> Report
    {
        let archive = try archive.open()
        return try await ProgressCounters.reporting(to: progress) { counters in
            counters.begin("reading the index", bytes: 0, items: 0)
            let only = options.only
            let index = try await WorkerThreads.perform {
                try ExplainedIndex(of: archive, archive.index(), only: only, findingClasses: true)
            }
            return try await ExplainedRows.tables(of: index, jobs: options.jobs, counters).report(on: index)
        }
    }
}
