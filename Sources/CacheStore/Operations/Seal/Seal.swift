public import SystemPackage

/// An operation that seals a GOCACHE in place, as a restore does.
///
/// Go neither trims a sealed cache nor copies its entries up at hits, and all users can use the cache. With
/// ``Seal/Options/moduleCache``, all users can also add modules to GOMODCACHE. The build of an image seals
/// the caches after its last `go` command. With ``Seal/Options/isDryRun``, a seal reports what a later step
/// has undone. The indexes of checkouts are left to Go, which forgets them after five days: see
/// <doc:AboutGoCaches>.
public struct Seal: Sendable {
    /// The options of the seal.
    public var options: Options

    /// Creates a seal.
    public init(options: Options = Options()) { self.options = options }

    /// Seals a cache, or finds the faults that keep it from being sealed.
    ///
    /// - Parameters:
    ///   - path: The path of GOCACHE.
    ///   - progress: Called with the progress of the work.
    /// - Returns: A report on the faults that were found. They are mended, unless it was a dry run.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/badArgument`` for a directory that is
    ///   no GOCACHE or for ``CacheProfile/ci``, or as the system says; or `CancellationError` if the task was
    ///   cancelled.
    /// - Complexity: O(*n*) in the number of entries: one `fstatat(2)` per entry, and one `utimensat(2)`
    ///   where it is needed.
    @discardableResult
    public func run(_ path: FilePath, progress: ProgressHandler? = nil) async throws -> Report {
        try options.check()
        return try await ProgressCounters.reporting(to: progress) { counters in
            counters.begin(options.isDryRun ? "checking" : "sealing", bytes: 0, items: 256)
            let options = options
            let parts = Gathered<[SealedPart]>([])
            let indexes = CheckoutIndexes(moduleCache: options.moduleCache)
            let top = try await WorkerThreads.perform { try SealedPart.top(of: path, options) }
            try await WorkerThreads.forEach(
                below: 256,
                threads: WorkerThreads.count(for: options.jobs),
                state: { try Directory(opening: path) }
            ) { root, index, cancellation in
                var part = SealedPart(options: options, apartFrom: indexes)
                try part.visit(root, index, cancellation)
                let done = part
                parts.update { $0.append(done) }
                counters.add(bytes: 0)
            }
            let modules = try await WorkerThreads.performCancellable { cancellation in
                try SealedPart.modules(apartFrom: path, options, cancellation)
            }
            return SealedPart.report(parts.value + [top, modules])
        }
    }
}
