public import CacheStore
public import SystemPackage

/// The archives that lie on web servers and in registries.
///
/// They are read in ranges: their indexes first, and then only what an operation needs.
public struct RemoteArchives: Sendable {
    /// The client, whose connections all archives share.
    public let client: RemoteClient

    /// The directory for files without names that hold what was read.
    public var scratch: FilePath

    /// The time for which nothing is asked of a server that has failed.
    public var patience: Duration = .seconds(10)

    /// Creates a way to archives.
    public init(client: RemoteClient, scratch: FilePath = "/tmp") {
        (self.client, self.scratch) = (client, scratch)
    }

    /// Opens the archive at an address.
    ///
    /// An artifact that holds several archives is opened as their union. An address with a digest pins every
    /// byte that is ever used: the manifest has the digest, it states the SHA-256 of the index, and the index
    /// names all content by its SHA-256.
    ///
    /// - Parameter address: The address.
    /// - Returns: The archive.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/network``,
    ///   ``CacheStoreError/Code/accessDenied``, ``CacheStoreError/Code/notFound``,
    ///   ``CacheStoreError/Code/notAnArchive`` or ``CacheStoreError/Code/corruptArchive``, or
    ///   `CancellationError`.
    public func open(_ address: RemoteAddress) async throws -> Archive {
        switch address {
        case .web(let address):
            return try await Archive(
                reading: HTTPFile(address, client: client),
                scratch: scratch,
                patience: patience
            )
        case .registry(let address):
            let registry = Registry(address, client: client)
            let manifest = try await registry.manifest(address.reference)
            let artifact = try ArtifactManifest(manifest, name: address.description)
            return try await open(artifact, in: registry, named: address.description)
        }
    }

    /// Opens the archive that an artifact holds.
    func open(
        _ artifact: ArtifactManifest,
        in registry: Registry,
        named name: String
    ) async throws -> Archive {
        if artifact.assembly != nil {
            return try await assembled(artifact, in: registry, named: name)
        }
        var archives: [Archive] = []
        for layer in artifact.layers { archives.append(try await open(layer, in: registry, named: name)) }
        return try await Union().archive(uniting: archives, named: name, scratch: scratch)
    }

    /// Opens the archive that a layer is.
    func open(
        _ layer: ArtifactManifest.Layer,
        in registry: Registry,
        named name: String
    ) async throws -> Archive {
        let blob = try await registry.blob(layer.digest, byteCount: layer.byteCount, name: name)
        return try await check(Archive(reading: blob, scratch: scratch, patience: patience), layer, name)
    }

    /// Opens the archive that lies in pieces in the layers of an artifact.
    private func assembled(
        _ artifact: ArtifactManifest,
        in registry: Registry,
        named name: String
    ) async throws -> Archive {
        let assembly = try await self.assembly(of: artifact, in: registry, named: name)
        var files: [any RemoteFile] = []
        for layer in artifact.layers {
            files.append(try await registry.blob(layer.digest, byteCount: layer.byteCount, name: name))
        }
        let pieces = assembly.pieces.map { PieceFile.Piece(file: $0.layer, range: $0.range) }
        let whole = try PieceFile(named: name, of: files, pieces)
        let stated = artifact.layers.first { $0.kind == .trailer }
        return try await check(Archive(reading: whole, scratch: scratch, patience: patience), stated, name)
    }

    /// Reads the list of the pieces of an artifact.
    func assembly(
        of artifact: ArtifactManifest,
        in registry: Registry,
        named name: String
    ) async throws -> ArtifactAssembly {
        guard let blob = artifact.assembly else { return ArtifactAssembly() }
        let file = try await registry.blob(blob.digest, byteCount: blob.byteCount, name: name)
        let bytes = try await file.bytes(0..<blob.byteCount)
        guard ContentHasher.hash(bytes.span) == blob.digest else {
            throw CacheStoreError(
                .corruptArchive,
                "the list of pieces of `\(name)` does not have its SHA-256"
            )
        }
        return try ArtifactAssembly(bytes, name: name)
    }

    /// Checks that an archive has the index that the manifest pins.
    private func check(
        _ archive: Archive,
        _ layer: ArtifactManifest.Layer?,
        _ name: String
    ) throws(CacheStoreError) -> Archive {
        guard let stated = layer?.indexDigest else {
            throw CacheStoreError(
                .notAnArchive,
                "the manifest of `\(name)` does not state the SHA-256 of the index",
                remedy: .nameArtifact
            )
        }
        guard stated == archive.indexDigest else {
            throw CacheStoreError(
                .corruptArchive,
                "damaged archive: `\(name)` has another index than its manifest states",
                remedy: .distrust
            )
        }
        return archive
    }
}
