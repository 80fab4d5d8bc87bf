/// An operation that restores an archive to Go's caches.
///
/// A second restore changes nothing. A file that is right stays untouched, a file that is wrong or partial is
/// replaced, and files that the archive does not hold are left alone.
///
/// A restore may be killed at any instant. No file stands half-written under its final name. Outputs come
/// before the action entries that refer to them. A module tree carries Go's own marker until the tree is
/// whole.
public struct Restore: Sendable {
    /// The options of the restore.
    public var options: Options

    /// Creates a restore.
    public init(options: Options = Options()) { self.options = options }

    /// Restores an archive.
    ///
    /// - Parameters:
    ///   - archive: The archive.
    ///   - caches: The directories, which are created if they are missing; a cache that is `nil` is not
    ///     restored.
    ///   - progress: Called with the progress of the work.
    /// - Returns: A report on the files that were written, and on the members that were left out.
    /// - Throws: ``CacheStoreError`` (``CacheStoreError/Code/corruptArchive`` or
    ///   ``CacheStoreError/Code/unsafePath`` for an archive that can't be trusted,
    ///   ``CacheStoreError/Code/wrongSum`` before anything is written if a module is not that of a go.sum,
    ///   ``CacheStoreError/Code/noSpace`` before anything is written if the free space does not suffice, or
    ///   as the system says), or `CancellationError` if the task was cancelled.
    /// - Complexity: O(*n*) in the bytes of the members; memory for the members of GOMODCACHE, four bytes per
    ///   file in GOCACHE, and two chunks per thread.
    @discardableResult
    public func run(
        _ archive: some ArchiveReference,
        into caches: GoCaches,
        progress: ProgressHandler? = nil
    ) async throws -> Report {
        let operation = try operation(archive, caches)
        return try await ProgressCounters.reporting(to: progress) { counters in
            try await operation(counters).run()
        }
    }

    /// Finds out what a restore would do, and changes nothing.
    ///
    /// Files that are there are compared as by ``run(_:into:progress:)``. Of the archive, content is read
    /// only to compare module trees that are wrong, so damage of content is not noticed. Neither is a lack of
    /// space, nor a tree or zip of a module that would be removed because Go would trust it wrongly.
    ///
    /// - Parameters:
    ///   - archive: The archive.
    ///   - caches: The directories, which need not be there; a cache that is `nil` is not looked at.
    ///   - progress: Called with the progress of the work.
    /// - Returns: The report that the restore would make.
    /// - Throws: The errors of ``run(_:into:progress:)``, except those of writing.
    /// - Complexity: O(*n*) in the bytes of the members that are there; memory as for a restore.
    public func preview(
        _ archive: some ArchiveReference,
        into caches: GoCaches,
        progress: ProgressHandler? = nil
    ) async throws -> Report {
        let operation = try operation(archive, caches)
        return try await ProgressCounters.reporting(to: progress) { counters in
            try await RestorePreview(operation(counters)).run()
        }
    }

    /// Checks the arguments, and returns a maker of the operation.
    private func operation(
        _ archive: some ArchiveReference,
        _ caches: GoCaches
    ) throws -> @Sendable (ProgressCounters) -> RestoreOperation {
        guard caches.buildCache != nil || caches.moduleCache != nil else {
            throw CacheStoreError(.badArgument, "neither GOCACHE nor GOMODCACHE is to be restored")
        }
        guard options.modules == nil || caches.moduleCache != nil else {
            throw CacheStoreError(.badArgument, "modules are to be restored, but not GOMODCACHE")
        }
        let archive = try archive.open()
        try CacheShape.check(caches)
        return { [options] counters in
            RestoreOperation(options: options, archive: archive, caches: caches, counters: counters)
        }
    }
}
