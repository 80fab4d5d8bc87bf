public import SystemPackage

/// An operation that writes the caches of an archive as an OCI image layout, whose layers hold the files that
/// a restore would write.
///
/// The same archive and options give the same bytes, whatever the number of threads, the user, the umask or
/// the time. Nothing is restored on the way. The frames of large outputs are taken as the archive stores
/// them, and all other content is compressed once.
public struct Layers: Sendable {
    /// The options of the image.
    public var options: Options

    /// The way to files of the base that its layout lacks, if there is one.
    package var baseFiles: (any BaseFiles)?

    /// Creates an image writer.
    public init(options: Options = Options()) { self.options = options }

    /// Writes an image.
    ///
    /// The first run asks the C library to return blocks of a megabyte and more to the system as soon as they
    /// are freed (`mallopt(3)`, `M_MMAP_THRESHOLD`). The setting applies to the whole process. Without it,
    /// the library keeps such blocks in pieces and takes twice as much memory.
    ///
    /// - Parameters:
    ///   - archive: The archive.
    ///   - path: The directory of the layout. It appears under this name when it is whole, or not at all.
    ///   - progress: Called with the progress of the work.
    /// - Returns: A report on the layers that were written.
    /// - Throws: ``CacheStoreError`` (``CacheStoreError/Code/badArgument``, ``CacheStoreError/Code/exists``,
    ///   ``CacheStoreError/Code/corruptArchive`` for an archive or a base that can't be trusted, or as the
    ///   system says), or `CancellationError` if the task was cancelled.
    /// - Complexity: O(*n*) in the bytes of the members; memory for the index, some 30 MiB, and 8 MiB per
    ///   thread. A level of compression above the default takes more.
    @discardableResult
    public func run(
        _ archive: some ArchiveReference,
        to path: FilePath,
        progress: ProgressHandler? = nil
    ) async throws -> Report {
        try options.check()
        Memory.returnLargeBlocks()
        let archive = try archive.open()
        return try await ProgressCounters.reporting(to: progress) { counters in
            let layout = try LayoutDirectory(for: path, overwrite: options.overwrite)
            do {
                return try await LayerOperation(
                    options: options,
                    archive: archive,
                    output: layout,
                    counters: counters,
                    baseFiles: baseFiles
                ).run()
            } catch {
                layout.discard()
                throw error
            }
        }
    }

    /// Makes an image whose blobs are handed over, in place of a layout on disk.
    ///
    /// The blobs are those of the layout that ``run(_:to:progress:)`` writes.
    ///
    /// - Parameters:
    ///   - archive: The archive.
    ///   - scratch: The directory for files of layers, which get no names.
    ///   - counters: The counters to add to.
    ///   - take: Called with each blob when it is whole, on any thread, with the manifest last. Layers of the
    ///     same content come several times.
    /// - Returns: A report on the layers that were made.
    /// - Throws: As ``run(_:to:progress:)`` does.
    package func run(
        _ archive: Archive,
        scratch: FilePath,
        _ counters: ProgressCounters,
        _ take: @escaping @Sendable (ImageBlob) -> Void
    ) async throws -> Report {
        try options.check()
        Memory.returnLargeBlocks()
        return try await LayerOperation(
            options: options,
            archive: archive,
            output: BlobOutput(scratch: scratch, take),
            counters: counters,
            baseFiles: baseFiles
        ).run()
    }
}
