public import CacheStore

extension Registry {
    /// The way in which a blob came into a repository.
    public enum Delivery: Hashable, Sendable {
        /// The repository had it.
        case present
        /// The registry had it in another repository.
        case mounted
        /// It was sent.
        case sent
    }

    /// Returns whether an address is on the registry's own server, which gets the credentials.
    func owns(_ place: WebAddress) -> Bool { origin == place.origin }

    /// Writes a blob, unless the repository has it.
    ///
    /// - Parameters:
    ///   - file: The content.
    ///   - digest: The SHA-256 of the content, which the registry checks.
    ///   - origin: Another repository of the same registry that may have the blob, so that it need not be
    ///     sent.
    ///   - sent: Called with the number of bytes that the registry has got since the last call; negative
    ///     where it has lost some.
    /// - Returns: The way in which the blob came there.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/accessDenied`` or
    ///   ``CacheStoreError/Code/network``, the error of `file`, or `CancellationError`.
    /// - Complexity: O(*n*) in the content; memory for a few MiB.
    @discardableResult
    public func upload(
        _ file: any RemoteFile,
        digest: ObjectID,
        mountingFrom origin: String? = nil,
        sent: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws -> Delivery {
        if try await hasBlob(digest, isWriting: true) { return .present }
        let upload = BlobUpload(self, file, digest, mountingFrom: origin, sent: sent)
        return try await upload.run() ? .sent : .mounted
    }

    /// Refuses a tag that names something of the other kind, which nobody means to replace.
    ///
    /// - Parameters:
    ///   - tags: The tags that are to be written.
    ///   - archives: Whether they are to name archives, and no image.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/exists`` or
    ///   ``CacheStoreError/Code/network``; or `CancellationError`.
    func checkKind(of tags: [String], archives: Bool) async throws {
        for tag in tags {
            let old: Manifest
            do {
                old = try await manifest(.tag(tag))
            } catch let error as CacheStoreError where [.notFound, .accessDenied].contains(error.code) {
                // Who may not read may write all the same, or is refused then.
                continue
            }
            let type = ArtifactManifest.type(of: old)
            let isArchive = type == ArtifactManifest.artifactType
            // Images may take the place of anything but archives.
            guard isArchive != archives else { continue }
            let kind = isArchive ? "archives, and no image" : "no archives, but \(type)"
            throw CacheStoreError(
                .exists,
                "`\(address.with(.tag(tag)))` names \(kind)",
                remedy: .chooseOtherTag
            )
        }
    }

    /// Writes an artifact: first all blobs, then the manifest, and last the tags.
    ///
    /// Until the last step, a tag names what it named before.
    ///
    /// - Parameters:
    ///   - manifest: The artifact.
    ///   - blobs: The content of those layers that the repository may lack, by digest.
    ///   - origin: Another repository of the same registry that may have some of the blobs.
    ///   - tags: The tags that shall name the artifact.
    ///   - sent: As for ``upload(_:digest:mountingFrom:sent:)``.
    /// - Returns: The digest of the manifest, and the way of each blob.
    /// - Throws: As ``upload(_:digest:mountingFrom:sent:)`` does; or ``CacheStoreError`` with code
    ///   ``CacheStoreError/Code/notFound`` if the repository lacks a layer that `blobs` has not.
    public func push(
        _ manifest: ArtifactManifest,
        blobs: [ObjectID: any RemoteFile],
        mountingFrom origin: String? = nil,
        tags: [String],
        sent: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws -> (digest: ObjectID, deliveries: [ObjectID: Delivery]) {
        var digests = manifest.layers.map(\.digest)
        if let assembly = manifest.assembly {
            digests.append(assembly.digest)
        } else {
            let empty = ArtifactManifest.emptyConfiguration
            let blob = MemoryBlob(name: "the empty configuration", bytes: empty.bytes)
            try await upload(blob, digest: empty.digest)
        }
        var deliveries: [ObjectID: Delivery] = [:]
        for digest in digests where deliveries[digest] == nil {
            guard let file = blobs[digest] else {
                guard try await hasBlob(digest, isWriting: true) else {
                    throw CacheStoreError(
                        .notFound,
                        "cannot write `\(name)`: it lacks the layer `sha256:\(digest)`"
                    )
                }
                deliveries[digest] = .present
                continue
            }
            deliveries[digest] = try await upload(file, digest: digest, mountingFrom: origin, sent: sent)
        }
        let bytes = manifest.bytes
        let digest = ContentHasher.hash(bytes.span)
        if tags.isEmpty {
            try await put(manifest: bytes, mediaType: ArtifactManifest.mediaType, as: .digest(digest))
        }
        for tag in tags {
            try await put(manifest: bytes, mediaType: ArtifactManifest.mediaType, as: .tag(tag))
        }
        return (digest, deliveries)
    }
}
