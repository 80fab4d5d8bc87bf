import FoundationEssentials
public import SystemPackage

/// Packing caches that lie in a tar.
extension Pack {
    /// Packs the caches in a tar into a new archive, without unpacking the tar.
    ///
    /// The archive is, byte for byte, that of ``run(_:to:progress:)-(GoCaches,_,_)`` and the directories from
    /// which the tar was made. A plain tar is read where it lies. A compressed tar, or one from a pipe, is
    /// decompressed into a file without a name beside the archive. Members that are no files, such as sparse
    /// files and devices, are left out and reported, as in a pack of directories. Of several members with one
    /// name, the last one counts.
    ///
    /// The recorded GOMODCACHE is the path in the tar if that is absolute. Otherwise it is the one of
    /// ``Options/environment`` if that ends with the path in the tar, or else the one that compiled packages
    /// state; without any of these, none is recorded.
    ///
    /// - Parameters:
    ///   - tar: The tar.
    ///   - path: The archive. It appears under this name when it is whole, or not at all.
    ///   - progress: Called with the progress of the work.
    /// - Returns: A report on the members that were written and the entries that were left out, whose paths
    ///   are that of the tar, a colon, and that of the member.
    /// - Throws: ``CacheStoreError`` as ``run(_:to:progress:)-(GoCaches,_,_)`` does. Further codes are
    ///   ``CacheStoreError/Code/badTar``; ``CacheStoreError/Code/notFound`` or
    ///   ``CacheStoreError/Code/badArgument`` where the tar does not have one directory for each cache;
    ///   ``CacheStoreError/Code/noSpace`` if a decompressed tar finds no room; and
    ///   ``CacheStoreError/Code/badArgument`` with ``Options/usedSinceRestore`` or ``Options/loggedUse``.
    /// - Complexity: That of a pack of the directories, and O(*n*) in the bytes of a compressed tar; memory
    ///   for the names of all members, too, and for the window of zstd, which is up to 1 GiB.
    @discardableResult
    public func run(
        _ tar: CacheTar,
        to path: FilePath,
        progress: ProgressHandler? = nil
    ) async throws -> Report {
        let options = try prepared(tar, path)
        return try await ArchiveWriter.writing(to: path, overwrite: options.overwrite, progress) {
            writer,
            counters in
            let (operation, places) = try await operation(of: tar, options, path, beside: path, counters)
            var report = try await operation.run(writer)
            report.places = places
            return report
        }
    }

    /// Does everything but compressing and writing: see ``preview(_:to:progress:)-(GoCaches,_,_)``.
    ///
    /// - Parameters:
    ///   - tar: The tar. A compressed one is decompressed into a file without a name in the directory for
    ///     temporary files.
    ///   - path: The archive that would be written, if it has a name yet.
    ///   - progress: Called with the progress of the work.
    /// - Returns: A report on the members that would be written and the entries that would be left out.
    /// - Throws: ``CacheStoreError``, as ``run(_:to:progress:)-(CacheTar,_,_)`` does before it writes, or
    ///   `CancellationError` if the task was cancelled.
    /// - Complexity: That of ``run(_:to:progress:)-(CacheTar,_,_)``.
    public func preview(
        _ tar: CacheTar,
        to path: FilePath? = nil,
        progress: ProgressHandler? = nil
    ) async throws -> Report {
        let options = try prepared(tar, path)
        let warnings = try Warning.preview(of: path, overwrite: options.overwrite)
        let scratch = try TemporaryPlace.path(of: "castore.tar")
        var report = try await ProgressCounters.reporting(to: progress) { counters in
            let (operation, places) = try await operation(of: tar, options, nil, beside: scratch, counters)
            var report = try await operation.preview()
            report.places = places
            return report
        }
        report.warnings = warnings + report.warnings
        return report
    }

    /// Checks the options, the choice of caches and the path of the archive, and opens the bases.
    private func prepared(_ tar: CacheTar, _ path: FilePath?) throws(CacheStoreError) -> Options {
        try options.check()
        guard tar.buildCache != .leftOut || tar.moduleCache != .leftOut else {
            throw CacheStoreError(.badArgument, "neither GOCACHE nor GOMODCACHE is to be packed")
        }
        guard options.checkout == nil else {
            throw CacheStoreError(
                .badArgument,
                "a tar does not tell what a job has used since a restore, or has logged: pack the directories"
            )
        }
        if let path { try path.check(asOutputBeside: [tar.path], "the output is the tar itself") }
        return try options.openingBases(besides: path)
    }

    /// Reads the members of a tar, and prepares the pack of its caches.
    private func operation(
        of tar: CacheTar,
        _ options: Options,
        _ path: FilePath?,
        beside scratch: FilePath,
        _ counters: ProgressCounters
    ) async throws -> (PackOperation, CacheTar.Places) {
        counters.begin("reading the tar", bytes: 0, items: 0)
        let stated = options.environment["GOMODCACHE"]
        let (opened, paths) = try await WorkerThreads.performCancellable { cancellation in
            let tree: StoredTree
            do {
                tree = try TarFile.read(tar.path, scratchBeside: scratch) {
                    try cancellation.check()
                } progress: {
                    counters.add(bytes: $0, items: 0)
                }
            } catch let error as CacheStoreError where error.code == .badTar {
                throw Self.isArchive(tar.path) ? Self.archiveAsTar(tar.path) : error
            }
            let opened = try tar.opened(tree)
            return (opened, try Self.moduleCaches(of: opened, stated: stated))
        }
        let recorded = opened.caches.moduleCache == nil ? nil : paths.first ?? ""
        let operation = PackOperation(
            options: options.recording(moduleCache: recorded),
            caches: opened.caches,
            path: path,
            counters: counters,
            moduleCaches: Set(
                (paths + [stated]).filter { !$0.isEmpty }.map { FilePath($0).lexicallyNormalized() }
            )
        )
        return (operation, opened.places)
    }

    private static func isArchive(_ path: FilePath) -> Bool { (try? Archive(opening: path)) != nil }

    /// Returns the error for an archive that is named as a tar.
    private static func archiveAsTar(_ path: FilePath) -> CacheStoreError {
        let message = "the file is no tar, but an archive that a pack or a union has made"
        return CacheStoreError(.badTar, message, path: path, remedy: .useArchive)
    }

    /// Returns the paths that GOMODCACHE in a tar may have had, the likeliest first.
    private static func moduleCaches(of tar: CacheTar.Opened, stated: String) throws -> [String] {
        guard let place = tar.places.moduleCache else { return [] }
        if place.hasPrefix("/") { return [place] }
        let names = TarTree.Path(place).names.drop { $0 == ".." }
        let whole = FilePath(stated).lexicallyNormalized().components.map(\.string)
        if !stated.isEmpty, whole.suffix(names.count).elementsEqual(names) { return [stated] }
        return try tar.caches.buildCache.map { try BuiltModuleCache.stated(in: $0) } ?? []
    }
}
