public import CacheStore
public import SystemPackage

/// An operation that copies an archive from a server or a registry to a file.
///
/// The file has the SHA-256 that a registry's manifest states. Where an address names no such SHA-256, the
/// index and every frame are checked.
public struct Pull: Sendable {
    /// A report on a pull.
    public struct Report: Sendable {
        /// The digest of the archive.
        public var digest: ObjectID
        /// The length of the file, in bytes.
        public var fileBytes: Int
    }

    /// Whether the archive may replace another file.
    public var overwrite = false

    /// Creates a pull.
    public init(overwrite: Bool = false) { self.overwrite = overwrite }

    /// Copies an archive.
    ///
    /// - Parameters:
    ///   - address: The address of the archive. Several archives of one artifact are united.
    ///   - archives: The way to archives.
    ///   - path: The new file; it appears under this name only when it is complete.
    ///   - progress: Called with the progress of the work.
    /// - Returns: A report on the archive.
    /// - Throws: The errors of ``RemoteArchives/open(_:)`` and of ``Union``.
    /// - Complexity: O(*n*) in the length of the archive.
    @discardableResult
    public func run(
        _ address: RemoteAddress,
        from archives: RemoteArchives,
        to path: FilePath,
        progress: ProgressHandler? = nil
    ) async throws -> Report {
        var archives = archives
        // What was read lies beside the new file, which has the room for it.
        let parent = path.removingLastComponent()
        archives.scratch = parent.isEmpty ? "." : parent
        if case .registry(let address) = address {
            let registry = Registry(address, client: archives.client)
            let manifest = try await registry.manifest(address.reference)
            let artifact = try ArtifactManifest(manifest, name: address.description)
            let archive = try await archives.open(artifact, in: registry, named: address.description)
            if artifact.layers.count == 1, artifact.assembly == nil {
                return try await copy(archive, artifact.layers[0].digest, to: path, progress)
            }
            return try await unite(archive, to: path, progress)
        }
        guard case .web(let web) = address else {
            return try await unite(archives.open(address), to: path, progress)
        }
        do {
            return try await unite(archives.open(address), to: path, progress)
        } catch let error as CacheStoreError where error.remedy == .downloadFirst {
            // The server may give the file as a whole.
            let file = try await HTTPFile(web, client: archives.client, allowsWholeOnly: true)
            return try await ProgressCounters.reporting(to: progress) { counters in
                let archive = try await Archive.download(file, to: path, overwrite: overwrite, counters)
                let summary = try await archive.summary()
                return Report(digest: summary.digest, fileBytes: archive.fileBytes)
            }
        }
    }

    /// Copies a file whose SHA-256 is known.
    private func copy(
        _ archive: Archive,
        _ digest: ObjectID,
        to path: FilePath,
        _ progress: ProgressHandler?
    ) async throws -> Report {
        let summary = try await archive.summary()
        try await ProgressCounters.reporting(to: progress) { counters in
            try await archive.copy(to: path, overwrite: overwrite, digest: digest, counters)
        }
        return Report(digest: summary.digest, fileBytes: archive.fileBytes)
    }

    /// Writes an archive anew with the check of all frames, which gives the same bytes.
    private func unite(
        _ archive: Archive,
        to path: FilePath,
        _ progress: ProgressHandler?
    ) async throws -> Report {
        var options = SetOptions()
        options.overwrite = overwrite
        let report = try await Union(options: options).run([archive], to: path, progress: progress)
        return Report(digest: report.digest, fileBytes: report.totals.fileBytes)
    }
}
