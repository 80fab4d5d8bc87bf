public import CacheStore
import NIOHTTP1

/// A blob in a registry, which is read in ranges.
///
/// Most registries redirect to a storage service, by an address that is valid for a while. The blob is asked
/// for again when that address is not valid any more.
public struct RegistryBlob: RemoteFile {
    let file: RangedFile

    /// The name for messages.
    public var name: String { file.name }

    /// The length of the blob, in bytes.
    public var byteCount: Int { file.identity.byteCount }

    /// Reads a range of the blob and hands it over in order, piece by piece; see ``HTTPFile/read(_:_:)``.
    public func read(_ range: Range<Int>, _ receive: @Sendable (Span<UInt8>) throws -> Void) async throws {
        try await file.read(range, receive)
    }
}

extension Registry {
    /// Returns a blob, of which nothing is read yet.
    ///
    /// The content is not compared with the digest here: whoever reads parts must check them.
    ///
    /// - Parameters:
    ///   - digest: The SHA-256 of the blob.
    ///   - byteCount: The length that the manifest states, in bytes.
    ///   - name: The name for messages; `nil` for the repository and the digest.
    /// - Returns: The blob.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/network``, or `CancellationError`.
    public func blob(_ digest: ObjectID, byteCount: Int, name: String? = nil) async throws -> RegistryBlob {
        RegistryBlob(
            file: RangedFile(
                client,
                try await place("blobs/sha256:\(digest)"),
                name: name ?? "\(self.name)@sha256:\(digest)",
                authorizer: reader,
                access: .signIn,
                identity: FileIdentity(byteCount: byteCount)
            )
        )
    }

    /// Returns whether the repository has a blob.
    ///
    /// - Parameters:
    ///   - digest: The SHA-256 of the blob.
    ///   - isWriting: Whether the blob is to be written if it is not there: then one token does for both.
    /// - Returns: Whether the blob is there.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/accessDenied`` or
    ///   ``CacheStoreError/Code/network``; or `CancellationError`.
    public func hasBlob(_ digest: ObjectID, isWriting: Bool = false) async throws -> Bool {
        let action = "look for a blob in `\(name)`"
        let request = WebRequest(method: .HEAD, address: try await place("blobs/sha256:\(digest)"))
        return try await client.retrying(action, at: name) {
            try await client.send(request, as: isWriting ? writer : reader) { response in
                switch response.status {
                case 200...299 where response.isPage: throw self.noRegistry(action)
                case 200...299: true
                case 404: false
                default: throw await self.failure(response, action)
                }
            }
        }
    }
}
