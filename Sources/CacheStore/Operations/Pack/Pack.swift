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
    ///   - path: The archive. It appears under this name when it is whole, or not at all. It may not be one
    ///     of ``Pack/Options/bases``, because it lacks what they have.
    ///   - progress: Called with the progress of the work.
    /// - Returns: A report on the members that were written and the entries that were left out.
    /// - Throws: ``CacheStoreError`` (``CacheStoreError/Code/badArgument``, ``CacheStoreError/Code/exists``,
    ///   ``CacheStoreError/Code/damagedCache`` if ``Pack/Options/isStrict``, or as the system says), or
    ///   `CancellationError` if the task was cancelled.
    /// - Complexity: O(*n*) in the bytes of the caches that are not taken over by name, as
    ///   ``Pack/Options/bases`` are; memory for the list of their files and for some chunks per thread.
    @discardableResult
    public func run(
        _ caches: GoCaches,
        to path: FilePath,
        progress: ProgressHandler? = nil
    ) async throws -> Report {
        let (options, caches, moduleCaches) = try prepared(caches, path)
        return try await ArchiveWriter.writing(to: path, overwrite: options.overwrite, progress) {
            writer,
            counters in
            try await PackOperation(
                options: options,
                caches: caches,
                path: path,
                counters: counters,
                moduleCaches: moduleCaches
            )
            .run(writer)
        }
    }

    /// Does everything but compressing and writing, and so tells which archive a pack would write.
    ///
    /// Content is read and checked as for an archive. The report is the same, with the digest, except for
    /// what only the compressed content tells: see ``Report/totals``. No file is written, not even a
    /// temporary one.
    ///
    /// - Parameters:
    ///   - caches: The directories; at least one.
    ///   - path: The archive that would be written, if it has a name yet.
    ///   - progress: Called with the progress of the work.
    /// - Returns: A report on the members that would be written and the entries that would be left out. A
    ///   file that has the name already, and may not be replaced, is a warning.
    /// - Throws: ``CacheStoreError``, as ``run(_:to:progress:)-(GoCaches,_,_)`` does before it writes, or
    ///   `CancellationError` if the task was cancelled.
    /// - Complexity: O(*n*) in the bytes of the caches that are not taken over by name; memory for the list
    ///   of their files and for some chunks per thread.
    public func preview(
        _ caches: GoCaches,
        to path: FilePath? = nil,
        progress: ProgressHandler? = nil
    ) async throws -> Report {
        let (options, caches, moduleCaches) = try prepared(caches, path)
        let warnings = try Warning.preview(of: path, overwrite: options.overwrite)
        var report = try await ProgressCounters.reporting(to: progress) { counters in
            try await PackOperation(
                options: options,
                caches: caches,
                path: nil,
                counters: counters,
                moduleCaches: moduleCaches
            )
            .preview()
        }
        report.warnings = warnings + report.warnings
        return report
    }

    /// Checks the options, the caches and the path of the archive, and opens the bases.
    ///
    /// - Returns: The options with the packed GOMODCACHE in the environment, the caches, and the paths of
    ///   GOMODCACHE under which Go may have built.
    private func prepared(
        _ caches: GoCaches,
        _ path: FilePath?
    ) throws(CacheStoreError) -> (Options, CacheTrees, moduleCaches: Set<FilePath>) {
        try options.check()
        guard caches.buildCache != nil || caches.moduleCache != nil else {
            throw CacheStoreError(.badArgument, "neither GOCACHE nor GOMODCACHE is to be packed")
        }
        try CacheShape.check(caches)
        try CacheShape.checkSources(caches)
        let prepared = try options.openingBases(besides: path).recording(
            moduleCache: caches.moduleCache?.string
        )
        let stated = options.environment["GOMODCACHE"]
        let paths = [caches.moduleCache, stated.isEmpty ? nil : FilePath(stated)]
        let moduleCaches = Set(paths.compactMap { $0?.lexicallyNormalized() })
        return (prepared, CacheTrees(caches), moduleCaches)
    }
}
