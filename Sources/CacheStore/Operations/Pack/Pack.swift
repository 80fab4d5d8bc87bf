public import SystemPackage

/// An operation that packs Go's caches into an archive.
///
/// The same caches give the same bytes, whatever the order of their directories, the number of threads, the
/// user, the umask or the time. `go` may run at the same time: a file that changes while it is packed is left
/// out, and never packed in part.
public struct Pack: Sendable {
    /// The options of the pack.
    public var options: Options

    /// Creates a pack.
    public init(options: Options) { self.options = options }

    /// Packs `caches` into a new archive.
    ///
    /// - Parameters:
    ///   - caches: The directories; at least one.
    ///   - path: The archive. It appears under this name when it is whole, or not at all.
    ///   - progress: Called with the progress of the work.
    /// - Returns: A report on the members that were written and the entries that were left out.
    /// - Throws: ``CacheStoreError`` (``CacheStoreError/Code/badArgument``, ``CacheStoreError/Code/exists``,
    ///   ``CacheStoreError/Code/damagedCache`` if ``Pack/Options/isStrict``, or as the system says), or
    ///   `CancellationError` if the task was cancelled.
    /// - Complexity: O(*n*) in the bytes of the caches; memory for the list of their files and for some
    ///   chunks per thread.
    @discardableResult
    public func run(
        _ caches: GoCaches,
        to path: FilePath,
        progress: ProgressHandler? = nil
    ) async throws -> Report {
        try options.check()
        guard caches.buildCache != nil || caches.moduleCache != nil else {
            throw CacheStoreError(.badArgument, "neither GOCACHE nor GOMODCACHE is to be packed")
        }
        try CacheShape.check(caches)
        try CacheShape.checkSources(caches)
        let built = options.environment["GOMODCACHE"]
        let options = options.recordingModuleCache(of: caches)
        return try await ArchiveWriter.writing(to: path, overwrite: options.overwrite, progress) {
            writer,
            counters in
            try await PackOperation(
                options: options,
                caches: caches,
                path: path,
                counters: counters,
                moduleCache: built
            )
            .run(writer)
        }
    }
}
