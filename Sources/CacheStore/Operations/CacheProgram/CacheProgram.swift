public import SystemPackage

/// A program for GOCACHEPROG: it gives the go command the entries of archives without a restore.
///
/// The store is GOCACHE itself, in Go's own layout. An entry that Go asks for is looked up in GOCACHE first,
/// then in the archives in their order. What an archive has is decoded into GOCACHE, as a restore would place
/// it, and what Go puts is written as Go would write it. So everything that was used or made stands in
/// GOCACHE as ordinary entries, for Go without the program, for a ``Pack``, and for other programs at the
/// same time.
///
/// A damaged cache makes a miss and never a failed build: what can't be read is a miss with a warning, and
/// what can't be stored in GOCACHE is kept in a scratch directory until the program ends.
///
/// Source: Go's cmd/go/internal/cache/prog.go, the same protocol from Go 1.24 to 1.27.
public struct CacheProgram: Sendable {
    /// Options of a ``CacheProgram``.
    public struct Options: Sendable {
        /// The archives, in the order in which entries are looked up in them.
        public var archives: [any ArchiveReference] = []

        /// Whether an archive that can't be read ends the program with an error at its start.
        ///
        /// All indexes are then checked before the first answer. Otherwise what can't be read is a miss.
        public var isStrict = false

        /// Whether what Go puts stays out of GOCACHE.
        ///
        /// It is then kept in a scratch directory until the program ends. Entries of the archives come into
        /// GOCACHE all the same.
        public var keepsPutsOut = false

        /// The directory for scratch files where GOCACHE can't be written, for example `/tmp`.
        public var scratchParent: FilePath = "/tmp"

        /// The log to which a line of figures is appended at the end, or `nil` for none.
        ///
        /// The actions that were used are appended to a second log, whose name ends in `.used`: see
        /// ``ProgramLog`` and ``Pack/Options``.
        public var log: FilePath?

        /// The number of threads that answer gets, or `nil` for two per processor, because they also wait for
        /// the disk.
        public var jobs: Int?

        /// Called with each warning when it arises, on any thread.
        public var warn: @Sendable (Warning) -> Void = { _ in }

        /// Creates options with the defaults above.
        public init() {}
    }

    /// The directory of the store.
    ///
    /// It must be GOCACHE as the go command spells it: Go moves files away that do not lie below GOCACHE.
    public let buildCache: FilePath

    /// The options of the program.
    public var options: Options

    /// Creates a program.
    ///
    /// - Parameters:
    ///   - buildCache: GOCACHE, an absolute path; it is created if it is missing.
    ///   - options: The options.
    public init(buildCache: FilePath, options: Options = Options()) {
        self.buildCache = buildCache
        self.options = options
    }

    /// Answers requests until the requests end.
    ///
    /// The first answer is written at once, whatever the sizes of the archives. Later answers come in any
    /// order.
    ///
    /// - Parameters:
    ///   - input: The requests, from a pipe, socket or file; it is read to its end, or to the request to
    ///     close.
    ///   - output: The answers.
    /// - Returns: The figures of all answers.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/badRequest`` if the input is not what
    ///   Go writes, with code ``CacheStoreError/Code/badArgument`` for a relative path of GOCACHE, with the
    ///   errors of ``Archive/init(opening:)`` if ``Options/isStrict`` is set, or as the system says; or
    ///   `CancellationError` if the task was cancelled.
    /// - Complexity: O(log *n*) per request in the number of members, and O(*n*) in the bytes that are
    ///   decoded. The index of an archive is hashed once for each GOCACHE, before the first hit in the
    ///   archive; see <doc:ServingBuilds>.
    @discardableResult
    public func serve(_ input: FileDescriptor, answering output: FileDescriptor) async throws -> Report {
        guard buildCache.isAbsolute else {
            throw CacheStoreError(
                .badArgument,
                "GOCACHE is not an absolute path",
                path: buildCache,
                remedy: .nameAbsolutePath
            )
        }
        return try await WorkerThreads.performCancellable { cancellation in
            let operation = try ProgramOperation(self, ProgramOutput(output), cancellation)
            let requests = ProgramInput(input) {
                try cancellation.check()
                try operation.throwFailure()
            }
            return try operation.run(requests)
        }
    }
}
