/// A check of everything that an archive states: each byte, each chunk and each name in it.
public struct Verify: Sendable {
    /// The options of a ``Verify``.
    public struct Options: Hashable, Sendable {
        /// The number of threads, or `nil` for one per processor; it changes only how long the work takes.
        public var jobs: Int?

        /// The modules of `go.sum` files, whose hashes the archive's members of these modules must have;
        /// `nil` to compare none.
        public var modules: NamedModules?

        /// The part of the content to be checked; `nil` for all of it.
        ///
        /// A part can't be combined with ``modules``, which needs all modules to be read.
        public var part: Part?

        /// Creates options with the defaults above.
        public init() {}
    }

    /// The options of the verification.
    public var options: Options

    /// Creates a verification.
    public init(options: Options = Options()) { self.options = options }

    /// Checks an archive.
    ///
    /// The check covers the trailer and the index, down to the bytes that its rows make, and whether the
    /// archive's digest is that of its members.
    /// It also covers each frame's checksum and content, each output against its ID, and each module tree and
    /// zip against its `.ziphash`. With ``Options/modules``, a module that does not have the hash of its
    /// go.sum is a problem of code ``CacheStoreError/Code/wrongSum``.
    ///
    /// - Parameters:
    ///   - archive: The archive.
    ///   - progress: Called with the progress of the work.
    /// - Returns: A report with all problems. A damaged archive is a result, not an error.
    /// - Throws: ``CacheStoreError`` only where the file can't be read at all or the options contradict each
    ///   other, or `CancellationError` if the task was cancelled.
    /// - Complexity: O(*n*) in the bytes of content; memory for the members of GOMODCACHE, some 20 bytes per
    ///   entry of GOCACHE and two chunks per thread. With ``Options/part``, O(*n*) in the content of the part
    ///   and in the members; memory for the index.
    @discardableResult
    public func run(_ archive: some ArchiveReference, progress: ProgressHandler? = nil) async throws -> Report
    {
        let start = ContinuousClock.now
        if options.part != nil, options.modules != nil {
            throw CacheStoreError(
                .badArgument,
                "all modules must be read to compare them with go.sum, and not a part of the content"
            )
        }
        return try await ProgressCounters.reporting(to: progress) { counters in
            let operation: VerifyOperation
            do {
                operation = try await VerifyOperation(
                    archive.open(),
                    threads: WorkerThreads.count(for: options.jobs),
                    counters,
                    modules: options.modules
                )
            } catch let error as CacheStoreError
                where [.corruptArchive, .notAnArchive, .unsafePath].contains(error.code)
            {
                return Report(problems: [error])
            }
            return try await operation.run(options.part, since: start)
        }
    }
}
