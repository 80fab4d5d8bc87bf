public import SystemPackage

/// An operation that makes a damaged archive whole with the content of other archives.
///
/// Each chunk whose frame is damaged is taken from the first of the other files that has it sound, by the
/// SHA-256 of its content, wherever its frame lies there and whatever its level is. A member that no file has
/// whole is left out. The result is an archive in which every byte was checked.
///
/// The other files may be damaged too. Of a file whose index is lost, the chunks are found by decoding the
/// frames.
public struct Repair: Sendable {
    /// The options of the repair.
    public var options: Options

    /// Creates a repair.
    public init(options: Options = Options()) { self.options = options }

    /// Writes a repaired copy of an archive.
    ///
    /// If only the bytes around the archive's own index are damaged, the index is found
    /// (``Warning/Code/damagedTrailer``). If it is lost, the index of another archive takes its place: the
    /// one that names most of the chunks that are left. See ``Report/foreignIndex``.
    ///
    /// - Parameters:
    ///   - damaged: The archive, as a path, because a damaged archive can't always be opened.
    ///   - others: Other archives, or what is left of some; the first ones are preferred. One that is of no
    ///     use gives a warning.
    ///   - path: The new archive. It appears under this name only when it is complete; it may be one of the
    ///     other names.
    ///   - progress: Called with the progress of the work.
    /// - Returns: A report on the frames that were replaced and the members that were left out. A result that
    ///   lacks members is a result, not an error: see ``Report/isComplete``.
    /// - Throws: ``CacheStoreError`` (``CacheStoreError/Code/corruptArchive``,
    ///   ``CacheStoreError/Code/notAnArchive`` or ``CacheStoreError/Code/unsafePath`` if nothing can be got
    ///   back, or another code for a system error), or `CancellationError` if the task was cancelled.
    /// - Complexity: O(*n*) in the bytes of the archive's content, and of the length and content of each file
    ///   whose index is lost; memory for the archive's index, two chunks per thread, and, once a frame is
    ///   damaged, some 100 bytes per frame of all files.
    @discardableResult
    public func run(
        _ damaged: FilePath,
        from others: [FilePath],
        to path: FilePath,
        progress: ProgressHandler? = nil
    ) async throws -> Report {
        try await ArchiveWriter.writing(to: path, overwrite: options.overwrite, progress) {
            writer,
            counters in
            try await RepairOperation(
                damaged: damaged,
                others: others,
                path: path,
                threads: WorkerThreads.count(for: options.jobs),
                counters: counters
            )
            .run(writer, jobs: options.jobs)
        }
    }
}
